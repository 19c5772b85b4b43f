"""What Lambda refuses of an alias, through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud
from tests.localcloud.functions_under_test import ROLE, behind_alias, deployed

pytestmark = pytest.mark.localcloud


def refused(problem: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = problem.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


Change = dict[str, Any]


def weights(**by_version: float) -> Change:
    return {"AdditionalVersionWeights": {name.removeprefix("v"): weight for name, weight in by_version.items()}}


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"FunctionVersion": "9"}, "ResourceNotFoundException", 404),
        ({"RoutingConfig": weights(v9=0.1)}, "ResourceNotFoundException", 404),
        ({"RoutingConfig": weights(v1=0.1)}, "InvalidParameterValueException", 400),
        ({"RoutingConfig": weights(v2=1.2)}, "ValidationException", 400),
        ({"RoutingConfig": weights(v1=0.1, v2=0.1)}, "InvalidParameterValueException", 400),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.1}}}, "InvalidParameterValueException", 400),
        ({"FunctionVersion": "$LATEST", "RoutingConfig": weights(v2=0.1)}, "InvalidParameterValueException", 400),
        ({"FunctionVersion": "2", "RevisionId": "stale"}, "PreconditionFailedException", 412),
        ({"FunctionVersion": "9", "RevisionId": "stale"}, "PreconditionFailedException", 412),
    ],
)
def test_an_update_that_breaks_a_rule_is_refused_and_changes_nothing(
    cloud: RunningCloud, change: Change, code: str, status: int
) -> None:
    function = behind_alias(cloud)
    before = cloud.client("lambda").get_alias(FunctionName=function.name, Name="live")
    with pytest.raises(ClientError) as problem:
        cloud.client("lambda").update_alias(FunctionName=function.name, Name="live", **change)
    assert refused(problem) == (code, status)
    after = cloud.client("lambda").get_alias(FunctionName=function.name, Name="live")
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}


def test_an_update_without_routing_config_keeps_the_weights_and_changes_the_revision(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), behind_alias(cloud, 0.3)
    before = functions.get_alias(FunctionName=function.name, Name="live")
    after = functions.update_alias(FunctionName=function.name, Name="live", Description="same split")
    assert after["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.3}}
    assert after["RevisionId"] != before["RevisionId"]


def test_promotion_is_one_call_that_sets_the_version_and_clears_the_weights(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), behind_alias(cloud, 0.3)
    seen = functions.get_alias(FunctionName=function.name, Name="live")
    promoted = functions.update_alias(
        FunctionName=function.name,
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {}},
        RevisionId=seen["RevisionId"],
    )
    assert promoted["FunctionVersion"] == "2"
    assert "RoutingConfig" not in promoted


def test_an_update_that_would_make_the_weighted_version_the_main_one_too_is_refused(cloud: RunningCloud) -> None:
    function = behind_alias(cloud, 0.3)
    with pytest.raises(ClientError) as problem:
        cloud.client("lambda").update_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    assert refused(problem) == ("InvalidParameterValueException", 400)


@pytest.mark.parametrize("setting", [{"Role": f"{ROLE}-other"}, {"DeadLetterConfig": {"TargetArn": ""}}])
def test_two_versions_behind_an_alias_share_role_and_dead_letter_queue(cloud: RunningCloud, setting: Change) -> None:
    functions, queue = cloud.client("lambda"), "arn:aws:sqs:us-east-1:000000000000:dead"
    function = deployed(cloud, DeadLetterConfig={"TargetArn": queue})
    function.publish()
    functions.update_function_configuration(FunctionName=function.name, **setting)
    function.publish()
    request: Change = {"FunctionName": function.name, "FunctionVersion": "1", "RoutingConfig": weights(v2=0.1)}
    with pytest.raises(ClientError) as problem:
        functions.create_alias(Name="live", **request)
    assert refused(problem) == ("InvalidParameterValueException", 400)


@pytest.mark.parametrize("name", ["7", "no spaces", "live:1"])
def test_an_alias_name_is_not_a_number_and_has_no_odd_characters(cloud: RunningCloud, name: str) -> None:
    function = deployed(cloud)
    with pytest.raises(ClientError) as problem:
        cloud.client("lambda").create_alias(FunctionName=function.name, Name=name, FunctionVersion="$LATEST")
    assert refused(problem) == ("ValidationException", 400)


def test_creating_an_alias_twice_is_a_conflict(cloud: RunningCloud) -> None:
    function = behind_alias(cloud)
    with pytest.raises(ClientError) as problem:
        cloud.client("lambda").create_alias(FunctionName=function.name, Name="live", FunctionVersion="9")
    assert refused(problem) == ("ResourceConflictException", 409)


def test_a_version_behind_an_alias_cannot_be_deleted_whichever_side_it_is_on(cloud: RunningCloud) -> None:
    function = behind_alias(cloud, 0.1)
    for version in ("1", "2"):
        with pytest.raises(ClientError, match=r"because the following aliases reference it: \[live\]") as problem:
            cloud.client("lambda").delete_function(FunctionName=function.name, Qualifier=version)
        assert refused(problem) == ("ResourceConflictException", 409)
