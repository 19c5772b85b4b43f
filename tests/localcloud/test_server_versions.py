"""When publishing makes a version, through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud
from tests.localcloud.functions_under_test import ECHO, ROLE, deployed, packed

pytestmark = pytest.mark.localcloud


def test_publishing_without_a_change_returns_the_same_version(cloud: RunningCloud) -> None:
    function = deployed(cloud)
    first = function.publish()
    assert [function.publish(), function.publish(ECHO)] == [first, first]


def test_new_code_and_new_configuration_each_make_a_version(cloud: RunningCloud) -> None:
    function = deployed(cloud)
    first = function.publish()
    second = function.publish(ECHO + "# new code\n")
    cloud.client("lambda").update_function_configuration(FunctionName=function.name, Timeout=7)
    assert [first, second, function.publish()] == ["1", "2", "3"]


def test_a_version_keeps_the_code_it_was_published_with(cloud: RunningCloud) -> None:
    function = deployed(cloud, "def handler(event, context): return 'old'")
    first = function.publish()
    function.publish("def handler(event, context): return 'new'")
    assert function.invoke(qualifier=first).payload == "old"
    assert function.invoke().payload == "new"


@pytest.mark.parametrize(
    ("guard", "code"),
    [
        ({"RevisionId": "stale"}, "PreconditionFailedException"),
        ({"CodeSha256": "other"}, "InvalidParameterValueException"),
    ],
)
def test_publishing_what_is_not_there_any_more_is_refused(
    cloud: RunningCloud, guard: dict[str, str], code: str
) -> None:
    function = deployed(cloud)
    with pytest.raises(ClientError) as problem:
        cloud.client("lambda").publish_version(FunctionName=function.name, **guard)  # type: ignore[arg-type]
    assert problem.value.response["Error"]["Code"] == code
    assert len(cloud.client("lambda").list_versions_by_function(FunctionName=function.name)["Versions"]) == 1


def test_creation_and_update_can_publish_at_once(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), deployed(cloud, Publish=True)
    updated = functions.update_function_code(
        FunctionName=function.name, ZipFile=packed(ECHO + "# new code\n"), Publish=True
    )
    assert updated["Version"] == "2"
    assert function.publish() == "2"
    assert function.invoke(qualifier="2").payload["arn"].endswith(":2")


def test_version_numbers_are_not_given_twice_not_even_to_a_function_created_anew(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), deployed(cloud)
    function.publish()
    function.publish(ECHO + "# new code\n")
    functions.delete_function(FunctionName=function.name, Qualifier="2")
    assert function.publish(ECHO + "# newer code\n") == "3"
    functions.delete_function(FunctionName=function.name)
    functions.create_function(
        FunctionName=function.name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": packed(ECHO)},
    )
    assert function.publish() == "4"


def test_latest_is_not_deleted_without_its_function(cloud: RunningCloud) -> None:
    """The call deleted the whole function, with every version and alias."""
    functions, function = cloud.client("lambda"), deployed(cloud)

    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="cannot be deleted without deleting"):
        functions.delete_function(FunctionName=function.name, Qualifier="$LATEST")

    assert functions.get_function(FunctionName=function.name)["Configuration"]["Version"] == "$LATEST"


def test_a_published_version_is_active_at_once(cloud: RunningCloud) -> None:
    function = deployed(cloud)
    version = function.publish(ECHO + "# new code\n")
    told = cloud.client("lambda").get_function_configuration(FunctionName=function.name, Qualifier=version)
    assert (told["State"], told["LastUpdateStatus"]) == ("Active", "Successful")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"Timeout": 901}, "Value '901' at 'timeout' .* less than or equal to 900"),
        ({"MemorySize": 10_241}, "less than or equal to 10240"),
        ({"EphemeralStorage": {"Size": 10_241}}, "at 'ephemeralStorage.Size'"),
        ({"Environment": {"Variables": {"TEXT": "a" * 4096}}}, "exceeded the 4KB limit"),
    ],
)
def test_settings_out_of_bounds_are_refused(cloud: RunningCloud, settings: dict[str, Any], why: str) -> None:
    functions, function = cloud.client("lambda"), deployed(cloud)

    with pytest.raises(ClientError, match=why):
        functions.update_function_configuration(FunctionName=function.name, **settings)
    with pytest.raises(ClientError, match=why):
        deployed(cloud, **settings)

    kept = functions.get_function_configuration(FunctionName=function.name)
    assert (kept["Timeout"], kept["MemorySize"]) == (3, 128)
