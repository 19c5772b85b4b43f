"""Which IAM rights a release needs: its functions and table always, the rest by what it asks for (issue 4)."""

from dataclasses import replace

import pytest

from canary.core.capacity import Capacity
from canary.core.destination import Destination
from canary.core.facts import Right
from canary.core.hooks import Hook, HookStage
from canary.core.judge import JudgeSettings
from canary.core.model import AliasName, FunctionName
from canary.core.plan import PRESETS
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rights import Account, needed_rights

HERE = Account(partition="aws-cn", account="123456789012", region="cn-north-1")
PLAIN = ReleaseRequest(
    targets=(TargetRequest(function=FunctionName("pay"), alias=AliasName("live")),),
    strategy=next(iter(PRESETS.values())),
    judge=JudgeSettings(),
    by="amy",
)
PLACE = "cn-north-1:123456789012"
TABLE = f"arn:aws-cn:dynamodb:{PLACE}:table/rollouts"


def hook(run: str) -> Hook:
    return Hook(name="smoke", stage=HookStage.BEFORE_TRAFFIC, run=run)


def further(request: ReleaseRequest) -> set[tuple[str, str]]:
    """What a request needs beside what every release needs."""
    plain = needed_rights(HERE, PLAIN, "rollouts")
    return {(right.action, right.resource) for right in needed_rights(HERE, request, "rollouts") if right not in plain}


def test_every_release_reads_and_moves_its_alias_and_keeps_its_state() -> None:
    rights = needed_rights(HERE, PLAIN, "rollouts")

    assert Right(action="lambda:UpdateAlias", resource=f"arn:aws-cn:lambda:{PLACE}:function:pay") in rights
    assert {right.action for right in rights if right.resource == TABLE} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:DeleteItem",
        "dynamodb:Query",
    }
    assert len(set(rights)) == len(rights)


def test_warm_capacity_is_provided_and_given_back_on_the_version() -> None:
    version = f"arn:aws-cn:lambda:{PLACE}:function:pay:1"

    assert further(replace(PLAIN, capacity=Capacity(provisioned=5))) == {
        ("lambda:PutProvisionedConcurrencyConfig", version),
        ("lambda:DeleteProvisionedConcurrencyConfig", version),
    }


@pytest.mark.parametrize(
    ("run", "needed"),
    [
        ("./smoke.sh", set()),
        ("https://checks.example/smoke", set()),
        ("lambda:smoke", {("lambda:InvokeFunction", f"arn:aws-cn:lambda:{PLACE}:function:smoke")}),
        ("arn:aws-cn:lambda:x:1:function:s", {("lambda:InvokeFunction", "arn:aws-cn:lambda:x:1:function:s")}),
        (
            "codedeploy:smoke",
            {
                ("lambda:InvokeFunction", f"arn:aws-cn:lambda:{PLACE}:function:smoke"),
                ("dynamodb:UpdateItem", TABLE),
            },
        ),
    ],
)
def test_a_hook_needs_what_calls_it_and_hears_its_answer(run: str, needed: set[tuple[str, str]]) -> None:
    assert further(replace(PLAIN, hooks=(hook(run),))) == needed


@pytest.mark.parametrize(
    ("destination", "needed"),
    [
        ("sns:arn:aws-cn:sns:x:1:topic", ("sns:Publish", "arn:aws-cn:sns:x:1:topic")),
        ("events:default", ("events:PutEvents", f"arn:aws-cn:events:{PLACE}:event-bus/default")),
        ("events:arn:aws-cn:events:x:1:event-bus/b", ("events:PutEvents", "arn:aws-cn:events:x:1:event-bus/b")),
        ("webhook:/bluegreen/slack", ("ssm:GetParameter", f"arn:aws-cn:ssm:{PLACE}:parameter/bluegreen/slack")),
        ("webhook:slack", ("ssm:GetParameter", f"arn:aws-cn:ssm:{PLACE}:parameter/slack")),
    ],
)
def test_telling_somebody_needs_the_right_of_its_medium(destination: str, needed: tuple[str, str]) -> None:
    assert further(replace(PLAIN, notify=(Destination.parse(destination),))) == {needed}
