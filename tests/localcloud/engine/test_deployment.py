"""What the engine does with goals, on the real embedded cloud."""

import json
from dataclasses import replace

import pytest

from localcloud.engine.deployment import Deployment
from localcloud.engine.errors import DeploymentFailed, EndpointUnavailable, EngineError
from localcloud.engine.goals import Goal
from localcloud.engine.paths import parse_path
from localcloud.engine.removal import delete_all
from localcloud.engine.values import UNKNOWN, Secret
from localcloud.resources.archives import Asset, archive_from_entries
from tests.localcloud.engine.sandbox import Sandbox, with_inputs

pytestmark = pytest.mark.localcloud

QUEUE = "aws:sqs/queue:Queue"
PARAMETER = "aws:ssm/parameter:Parameter"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def queue(sandbox: Sandbox, logical: str = "q", /, **inputs: object) -> Goal:
    return sandbox.goal(QUEUE, logical, inputs)


def function(sandbox: Sandbox, answer: str = "one", **inputs: object) -> Goal:
    code = archive_from_entries({"h.py": Asset(f"def handler(event, context): return {answer!r}".encode())})
    given = {
        "name": sandbox.name("f"),
        "role": "arn:aws:iam::000000000000:role/any",
        "runtime": "python3.12",
        "handler": "h.handler",
        "publish": True,
        "code": code,
    }
    return sandbox.goal(FUNCTION, "f", given | inputs)


def test_a_resource_is_made_and_kept_and_removed(sandbox: Sandbox) -> None:
    goal = queue(sandbox, delaySeconds=7, tags={"team": "pay"})

    first, second, third = sandbox.apply_goals(goal), sandbox.apply_goals(goal), sandbox.apply_goals()

    assert [run.operations for run in (first, second, third)] == [{"q": "create"}, {"q": "same"}, {"q": "delete"}]
    assert sandbox.state().resources == {}


def test_what_is_made_is_really_there(sandbox: Sandbox) -> None:
    made = sandbox.apply_goals(queue(sandbox, delaySeconds=7, tags={"team": "pay"})).made["q"]

    sqs = sandbox.client("sqs")
    assert sqs.get_queue_attributes(QueueUrl=made.identifier, AttributeNames=["DelaySeconds"])["Attributes"] == {
        "DelaySeconds": "7"
    }
    assert sqs.list_queue_tags(QueueUrl=made.identifier)["Tags"] == {"team": "pay"}


def test_a_resource_that_was_deleted_by_hand_is_made_again(sandbox: Sandbox) -> None:
    goal = queue(sandbox)
    url = sandbox.apply_goals(goal).made["q"].identifier
    sandbox.client("sqs").delete_queue(QueueUrl=url)

    preview, apply = sandbox.apply_goals(goal, preview=True), sandbox.apply_goals(goal)

    assert preview.operations == apply.operations == {"q": "recreate"}
    assert apply.made["q"].identifier == url


def test_an_apply_leaves_weights_alone_that_someone_else_put_on_an_alias(sandbox: Sandbox) -> None:
    """T1: the controller is the alias's only writer; an apply in the middle of a rollout must not touch it."""
    ignored = {"ignore_changes": (parse_path("functionVersion"), parse_path("routingConfig"))}
    alias = sandbox.goal(
        ALIAS, "live", {"name": "live", "functionName": sandbox.name("f"), "functionVersion": "1"}, **ignored
    )
    sandbox.apply_goals(function(sandbox), alias)
    second = function(sandbox, "two")
    sandbox.apply_goals(second, alias)
    api, name = sandbox.client("lambda"), sandbox.name("f")
    shifted = api.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})

    run = sandbox.apply_goals(second, with_inputs(alias, functionVersion="2"))

    assert run.operations == {"f": "same", "live": "same"}
    assert api.get_alias(FunctionName=name, Name="live")["RevisionId"] == shifted["RevisionId"]


def test_another_change_of_the_alias_sends_no_weights_and_no_version(sandbox: Sandbox) -> None:
    ignored = {"ignore_changes": (parse_path("functionVersion"), parse_path("routingConfig"))}
    alias = sandbox.goal(
        ALIAS, "live", {"name": "live", "functionName": sandbox.name("f"), "functionVersion": "1"}, **ignored
    )
    sandbox.apply_goals(function(sandbox), alias)
    sandbox.apply_goals(function(sandbox, "two"), alias)
    api, name = sandbox.client("lambda"), sandbox.name("f")
    api.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.25}},
    )

    sandbox.apply_goals(function(sandbox, "two"), with_inputs(alias, description="production"))

    seen = api.get_alias(FunctionName=name, Name="live")
    assert (seen["FunctionVersion"], seen["Description"]) == ("2", "production")
    assert seen["RoutingConfig"]["AdditionalVersionWeights"] == {"1": 0.25}


def test_a_change_of_code_or_configuration_makes_exactly_one_version(sandbox: Sandbox) -> None:
    sandbox.apply_goals(function(sandbox))

    versions = [
        sandbox.apply_goals(goal).made["f"].outputs["version"]
        for goal in (
            function(sandbox),
            function(sandbox, "two"),
            function(sandbox, "two", timeout=9),
            function(sandbox, "three", timeout=10),
            function(sandbox, "three", timeout=10, tags={"a": "b"}),
            function(sandbox, "three", timeout=10, tags={"a": "b"}, reservedConcurrentExecutions=3),
        )
    ]

    assert versions == ["1", "2", "3", "4", "4", "4"]


def test_a_preview_knows_which_outputs_a_change_of_code_will_change(sandbox: Sandbox) -> None:
    sandbox.apply_goals(function(sandbox))

    made = sandbox.apply_goals(function(sandbox, "two"), preview=True).made["f"]

    assert "version" not in made.outputs
    assert "qualifiedArn" not in made.outputs
    assert made.outputs["arn"].endswith(f":function:{sandbox.name('f')}")


def test_a_preview_shows_the_new_value_of_a_changed_input(sandbox: Sandbox) -> None:
    sandbox.apply_goals(queue(sandbox, delaySeconds=1))

    previewed = sandbox.apply_goals(queue(sandbox, delaySeconds=2), preview=True).made["q"].outputs
    applied = sandbox.apply_goals(queue(sandbox, delaySeconds=2)).made["q"].outputs

    assert previewed == applied


def test_a_preview_changes_nothing(sandbox: Sandbox) -> None:
    name = sandbox.name("q")

    run = sandbox.apply_goals(queue(sandbox, name=name), preview=True)

    assert run.operations == {"q": "create"}
    assert sandbox.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", []) == []
    assert sandbox.state().resources == {}


def test_an_unknown_input_is_previewed_as_a_change(sandbox: Sandbox) -> None:
    sandbox.apply_goals(queue(sandbox, delaySeconds=1))

    run = sandbox.apply_goals(queue(sandbox, delaySeconds=UNKNOWN), preview=True)

    assert (run.operations, run.changed) == ({"q": "update"}, {"q": ("delaySeconds",)})


def test_a_replacement_is_made_before_the_old_one_goes(sandbox: Sandbox) -> None:
    sandbox.apply_goals(queue(sandbox))

    run = sandbox.apply_goals(queue(sandbox, fifoQueue=True))

    assert run.order == [("replace", "q"), ("delete", "q")]
    assert run.made["q"].identifier.endswith(".fifo")
    assert sandbox.state().condemned == []


def test_a_replacement_under_the_same_name_deletes_first(sandbox: Sandbox) -> None:
    named = {"name": sandbox.name("p"), "type": "String"}
    sandbox.apply_goals(sandbox.goal(PARAMETER, "p", named | {"value": "a", "dataType": "text"}))

    run = sandbox.apply_goals(
        replace(
            sandbox.goal(PARAMETER, "p", named | {"value": "b", "dataType": "text"}),
            replace_on_changes=(parse_path("value"),),
        )
    )

    assert run.order == [("replace", "p")]
    found = sandbox.client("ssm").get_parameter(Name=sandbox.name("p"))["Parameter"]
    assert (found["Value"], found["Version"]) == ("b", 1)


def test_a_renamed_resource_keeps_its_state_under_an_alias(sandbox: Sandbox) -> None:
    old = queue(sandbox, "old")
    url = sandbox.apply_goals(old).made["old"].identifier

    run = sandbox.apply_goals(replace(queue(sandbox, "new"), aliases=(old.urn,)))

    assert run.operations == {"new": "same"}
    assert run.made["new"].identifier == url


def test_a_protected_resource_is_not_deleted(sandbox: Sandbox) -> None:
    sandbox.apply_goals(replace(queue(sandbox), protect=True))

    with pytest.raises(EngineError, match="is protected and would be deleted"):
        sandbox.apply_goals()

    assert len(sandbox.state().resources) == 1


def test_a_destroy_that_is_told_to_takes_every_protection_off(sandbox: Sandbox) -> None:
    table = {
        "name": sandbox.name("t"),
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "id",
        "attributes": [{"name": "id", "type": "S"}],
        "deletionProtectionEnabled": True,
    }
    sandbox.apply_goals(replace(sandbox.goal("aws:dynamodb/table:Table", "t", table), protect=True))
    space = sandbox.workspace([], preview=False)

    delete_all(space, list(space.state.resources.values()), unprotect=True)

    assert sandbox.name("t") not in sandbox.client("dynamodb").list_tables()["TableNames"]


def test_a_destroy_that_stopped_half_way_goes_on_with_what_is_left(sandbox: Sandbox) -> None:
    """B7: what was deleted is not looked for again; what somebody deleted by hand meanwhile is no error."""
    bucket = sandbox.goal("aws:s3/bucket:Bucket", "b", {"bucket": sandbox.name("b")})
    first, second = (replace(queue(sandbox, each), dependencies=(bucket.urn,)) for each in ("first", "second"))
    made = sandbox.apply_goals(bucket, first, second).made
    objects = sandbox.client("s3")
    objects.put_object(Bucket=sandbox.name("b"), Key="k", Body=b"x")
    sandbox.client("sqs").delete_queue(QueueUrl=made["first"].identifier)

    with pytest.raises(DeploymentFailed, match="BucketNotEmpty"):
        sandbox.destroy_goals()

    assert [each.name for each in sandbox.state().resources.values()] == ["b"]
    objects.delete_object(Bucket=sandbox.name("b"), Key="k")
    assert sandbox.destroy_goals().operations == {"b": "delete"}
    assert sandbox.state().resources == {}


def test_a_retained_resource_leaves_the_state_and_stays_in_the_cloud(sandbox: Sandbox) -> None:
    url = sandbox.apply_goals(replace(queue(sandbox), retain_on_delete=True)).made["q"].identifier

    run = sandbox.apply_goals()

    assert run.operations == {"q": "forget"}
    assert sandbox.client("sqs").get_queue_attributes(QueueUrl=url)


def test_what_is_deleted_with_another_resource_is_only_forgotten(sandbox: Sandbox) -> None:
    whole = queue(sandbox, "whole")
    part = replace(queue(sandbox, "part"), deleted_with=whole.urn)
    sandbox.apply_goals(whole, part)

    assert sandbox.destroy_goals().operations == {"part": "forget", "whole": "delete"}


def test_provider_settings_decide_region_and_default_tags(sandbox: Sandbox) -> None:
    provider = sandbox.goal(
        "pulumi:providers:aws", "eu", {"region": "eu-west-1", "defaultTags": json.dumps({"tags": {"team": "pay"}})}
    )
    goal = replace(queue(sandbox), provider=f"{provider.urn}::eu")

    made = sandbox.apply_goals(provider, goal).made["q"]

    assert made.outputs["arn"].startswith("arn:aws:sqs:eu-west-1:")
    assert sandbox.client("sqs", "eu-west-1").list_queue_tags(QueueUrl=made.identifier)["Tags"] == {"team": "pay"}
    sandbox.apply_goals()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"endpoints": "[]"}, "does not honour endpoints"),
        ({"allowedAccountIds": '["111111111111"]'}, "account 000000000000 of the embedded cloud is not allowed"),
    ],
)
def test_a_provider_that_cannot_be_honoured_is_refused(sandbox: Sandbox, inputs: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        sandbox.apply_goals(sandbox.goal("pulumi:providers:aws", "p", inputs))


def test_an_unknown_type_names_the_urn_and_what_is_supported(sandbox: Sandbox) -> None:
    goal = sandbox.goal("aws:glue/job:Job", "j", {})

    with pytest.raises(EngineError, match=f"{goal.urn}: .* not supported .*{QUEUE}"):
        sandbox.apply_goals(goal)


def test_a_failure_names_type_name_and_the_aws_error_and_keeps_what_was_applied(sandbox: Sandbox) -> None:
    broken = sandbox.goal(ALIAS, "bad", {"name": "live", "functionName": "no-such-function", "functionVersion": "1"})

    with pytest.raises(DeploymentFailed, match=rf"^{ALIAS} 'bad': CreateAlias: ResourceNotFoundException: "):
        sandbox.apply_goals(queue(sandbox), broken)

    assert [resource.name for resource in sandbox.state().resources.values()] == ["q"]
    assert sandbox.state().begun == set()


def test_after_a_failure_nothing_more_is_made(sandbox: Sandbox) -> None:
    deployment = Deployment(sandbox.workspace([], preview=False))
    with pytest.raises(EngineError):
        deployment.register(queue(sandbox, "bad", name="with spaces"))

    with pytest.raises(EngineError, match="with spaces"):
        deployment.register(queue(sandbox, "good"))

    assert sandbox.state().resources == {}


def test_an_input_that_aws_forbids_fails_before_it_is_sent(sandbox: Sandbox) -> None:
    """The emulator takes this name; AWS does not."""
    with pytest.raises(
        DeploymentFailed, match=r"'q': sqs:CreateQueue would be refused by AWS: QueueName = 'with spaces'"
    ):
        sandbox.apply_goals(queue(sandbox, name="with spaces"))


def test_a_secret_is_in_no_message_and_not_in_the_state(sandbox: Sandbox) -> None:
    goal = sandbox.goal(
        PARAMETER, "p", {"name": sandbox.name("p"), "type": "SecureString", "value": Secret("hunter2-value")}
    )
    made = sandbox.apply_goals(goal).made["p"]
    broken = with_inputs(goal, allowedPattern="[", description="hunter2-value" * 99)

    with pytest.raises(DeploymentFailed) as raised:
        sandbox.apply_goals(broken)

    assert made.outputs["value"] == Secret("hunter2-value")
    assert "hunter2-value" not in str(raised.value)
    assert "hunter2-value" not in sandbox.state_text()


def test_a_refusal_that_would_quote_a_secret_masks_it(sandbox: Sandbox) -> None:
    with pytest.raises(DeploymentFailed, match=r"QueueName = '\[secret\]'"):
        sandbox.apply_goals(queue(sandbox, name=Secret("hunter2 with spaces")))


def test_a_creation_that_was_killed_half_way_is_done_again(sandbox: Sandbox) -> None:
    """A kill between CreateTopic and the write of the state: of the topic the state only knows that it was begun."""
    goal = sandbox.goal("aws:sns/topic:Topic", "t", {"name": sandbox.name("t")})
    sandbox.state().begin(goal.urn)
    sandbox.client("sns").create_topic(Name=sandbox.name("t"), Attributes={"DisplayName": "left over"})

    run = sandbox.apply_goals(goal)

    attributes = sandbox.client("sns").get_topic_attributes(TopicArn=run.made["t"].identifier)["Attributes"]
    assert run.operations == {"t": "create"}
    assert attributes.get("DisplayName", "") == ""
    assert sandbox.state().begun == set()


def test_a_refresh_takes_over_what_drifted_and_the_next_apply_puts_it_right(sandbox: Sandbox) -> None:
    goal = queue(sandbox, delaySeconds=5)
    url = sandbox.apply_goals(goal).made["q"].identifier
    sandbox.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})

    refreshed, applied = sandbox.refresh_goals(), sandbox.apply_goals(goal)

    assert (refreshed.operations, refreshed.changed) == ({"q": "update"}, {"q": ("delaySeconds",)})
    assert (applied.operations, applied.changed) == ({"q": "update"}, {"q": ("delaySeconds",)})


def test_a_refresh_drops_what_is_gone(sandbox: Sandbox) -> None:
    url = sandbox.apply_goals(queue(sandbox)).made["q"].identifier
    sandbox.client("sqs").delete_queue(QueueUrl=url)

    assert sandbox.refresh_goals().operations == {"q": "delete"}
    assert sandbox.state().resources == {}


def test_the_same_urn_twice_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(EngineError, match="registered twice"):
        sandbox.apply_goals(queue(sandbox), queue(sandbox))


def test_an_import_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(EngineError, match="cannot import"):
        sandbox.apply_goals(replace(queue(sandbox), import_id="x"))


def test_a_cloud_that_is_not_there_says_how_to_start_it(sandbox: Sandbox) -> None:
    sandbox.cloud = replace(sandbox.cloud, endpoint="http://127.0.0.1:9")

    with pytest.raises(EndpointUnavailable, match="localcloud up"):
        sandbox.apply_goals(queue(sandbox))


def test_an_existing_resource_can_be_read_and_is_never_deleted(sandbox: Sandbox) -> None:
    arn = sandbox.client("sns").create_topic(Name=sandbox.name("t"))["TopicArn"]
    deployment = Deployment(sandbox.workspace([], preview=False))

    found = deployment.read(sandbox.goal("aws:sns/topic:Topic", "t", {}, import_id=arn))

    assert found.outputs["name"] == sandbox.name("t")
    assert sandbox.destroy_goals().operations == {"t": "forget"}
