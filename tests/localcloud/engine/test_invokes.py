import json

import pytest

from localcloud.resources.cloud import Cloud
from localcloud.resources.errors import ResourceError
from localcloud.resources.invokes import invoke
from localcloud.running import RunningCloud

POLICY = "aws:iam/getPolicyDocument:getPolicyDocument"


@pytest.fixture
def here(cloud: RunningCloud) -> Cloud:
    return Cloud(cloud.endpoint, "eu-west-1", "000000000000")


def document(here: Cloud, **arguments: object) -> object:
    return json.loads(invoke(here, POLICY, arguments)["json"])


def test_a_policy_document_has_aws_s_form(here: Cloud) -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject"],
        "resources": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
        "principals": [
            {"type": "Service", "identifiers": ["lambda.amazonaws.com"]},
            {"type": "AWS", "identifiers": ["1", "2"]},
        ],
        "conditions": [
            {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]},
            {"test": "StringEquals", "variable": "aws:Region", "values": ["a", "b"]},
        ],
    }

    denial = {"effect": "Deny", "notActions": ["iam:*"], "notResources": ["x"]}

    assert document(here, statements=[statement, denial]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"],
                "Principal": {"Service": "lambda.amazonaws.com", "AWS": ["2", "1"]},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1", "aws:Region": ["b", "a"]}},
            },
            {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "x"},
        ],
    }


def test_everybody_is_a_star(here: Cloud) -> None:
    statement = {"actions": ["a:B"], "principals": [{"type": "*", "identifiers": ["*"]}]}

    assert document(here, statements=[statement]) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "a:B", "Principal": "*"}],
    }


def test_source_documents_come_first_and_overrides_replace_by_sid(here: Cloud) -> None:
    source = json.dumps({"Statement": {"Sid": "A", "Effect": "Allow", "Action": "s:Old", "Resource": "*"}})
    override = json.dumps({"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s:New", "Resource": "*"}]})

    made = document(here, sourcePolicyDocuments=[source], overridePolicyDocuments=[override], statements=[])

    assert made == {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s:New", "Resource": "*"}],
    }


def test_who_and_where(here: Cloud) -> None:
    identity = invoke(here, "aws:index/getCallerIdentity:getCallerIdentity", {})
    region = invoke(here, "aws:index/getRegion:getRegion", {})
    partition = invoke(here, "aws:index/getPartition:getPartition", {})

    assert (identity["accountId"], region["region"], partition["partition"]) == ("000000000000", "eu-west-1", "aws")


def test_zones_belong_to_the_region(here: Cloud) -> None:
    zones = invoke(here, "aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})

    assert len(zones["names"]) >= 2
    assert all(name.startswith("eu-west-1") for name in zones["names"])


def test_an_argument_that_is_not_honoured_is_refused(here: Cloud) -> None:
    with pytest.raises(ResourceError, match="filters is not honoured"):
        invoke(here, "aws:index/getAvailabilityZones:getAvailabilityZones", {"filters": []})


def test_an_unknown_function_names_the_known_ones(here: Cloud) -> None:
    with pytest.raises(ResourceError, match=r"not supported .*getPolicyDocument"):
        invoke(here, "aws:ec2/getAmi:getAmi", {})
