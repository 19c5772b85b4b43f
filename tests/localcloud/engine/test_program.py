"""Whole Pulumi programs, run unchanged by the SDK in a subprocess of the engine."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from dataclasses import dataclass

import pytest

from localcloud.engine.deploy import deploy, read_outputs
from localcloud.engine.diff import Operation
from localcloud.engine.errors import EngineError, Interrupted
from localcloud.engine.events import Event, ResourceEvent, Status
from localcloud.engine.jobs import Job, Result
from localcloud.running import RunningCloud
from tests.localcloud.engine.sandbox import STACK, Sandbox, changes, messages, operations

pytestmark = pytest.mark.localcloud

SERVICE = """
    import json
    import pulumi
    import pulumi_aws as aws

    config = pulumi.Config()

    class Service(pulumi.ComponentResource):
        def __init__(self, name, answer, opts=None):
            super().__init__("test:index:Service", name, None, opts)
            inside = pulumi.ResourceOptions(parent=self)
            trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            role = aws.iam.Role(
                "role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), opts=inside
            )
            code = f"def handler(event, context): return {{'statusCode': 200, 'body': {answer!r}}}"
            self.function = aws.lambda_.Function(
                "function",
                role=role.arn,
                runtime="python3.12",
                handler="h.handler",
                publish=True,
                code=pulumi.AssetArchive({"h.py": pulumi.StringAsset(code)}),
                opts=inside,
            )
            self.alias = aws.lambda_.Alias(
                "live",
                name="live",
                function_name=self.function.name,
                function_version=self.function.version,
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["function_version", "routing_config"]),
            )
            self.register_outputs({"name": self.function.name})

    service = Service("service", config.require("answer"))
    api = aws.apigateway.RestApi("api")
    method = aws.apigateway.Method(
        "method", rest_api=api.id, resource_id=api.root_resource_id, http_method="GET", authorization="NONE"
    )
    integration = aws.apigateway.Integration(
        "integration",
        rest_api=api.id,
        resource_id=api.root_resource_id,
        http_method=method.http_method,
        type="AWS_PROXY",
        integration_http_method="POST",
        uri=service.alias.invoke_arn,
    )
    deployment = aws.apigateway.Deployment(
        "deployment", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[integration])
    )
    aws.lambda_.Permission(
        "permission",
        action="lambda:InvokeFunction",
        function=service.function.name,
        qualifier=service.alias.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, "/*/GET/"),
    )
    stage = aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployment.id, stage_name="live")
    password = aws.ssm.Parameter("password", type="SecureString", value=config.require_secret("password"))
    aws.ssm.Parameter("version", type="String", value=service.function.version)
    print("the program speaks")
    pulumi.export("url", stage.invoke_url)
    pulumi.export("version", service.function.version)
    pulumi.export("password", password.value)
    pulumi.export("account", aws.get_caller_identity().account_id)
"""


@dataclass(frozen=True, kw_only=True)
class Story:
    """One program's life, chapter by chapter."""

    created: Result
    repeated: Result
    previewed: Result
    updated: Result
    outputs: Result
    destroyed: Result
    events: list[Event]
    state: str
    answers: tuple[str, str]
    left: int


def answer(result: Result) -> str:
    with urllib.request.urlopen(f"{result.outputs['url']}/", timeout=30) as response:
        return str(response.read().decode())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, cloud: RunningCloud) -> Story:
    sandbox = Sandbox(root=tmp_path_factory.mktemp("story"), cloud=cloud, project=f"t{uuid.uuid4().hex[:10]}")
    events: list[Event] = []
    sandbox.write(SERVICE, answer="one", password="hunter2-hunter2")
    created = sandbox.apply(emit=events.append)
    before = answer(created)
    repeated = sandbox.apply()
    previewed = sandbox.apply(preview=True, extra_config={"answer": "two"})
    updated = sandbox.apply(extra_config={"answer": "two"})
    return Story(
        created=created,
        repeated=repeated,
        previewed=previewed,
        updated=updated,
        outputs=read_outputs(sandbox.root, STACK),
        answers=(before, answer(updated)),
        state=sandbox.state_text(),
        destroyed=sandbox.destroy(),
        events=events,
        left=len(sandbox.state().resources),
    )


def test_the_first_apply_creates_everything(story: Story) -> None:
    assert set(operations(story.created).values()) == {"create"}
    assert len(story.created.changes) == 11


def test_the_stage_s_url_really_answers(story: Story) -> None:
    assert story.answers[0] == "one"


def test_a_second_apply_changes_nothing(story: Story) -> None:
    assert story.repeated.is_noop
    assert story.repeated.outputs == story.created.outputs


def test_new_code_is_a_new_version_behind_an_untouched_alias(story: Story) -> None:
    changed = {name: each for name, each in operations(story.updated).items() if each != "same"}

    assert changed == {"function": "update", "version": "update"}
    assert (story.created.outputs["version"], story.updated.outputs["version"]) == ("1", "2")
    assert story.answers[1] == "one"


def test_the_preview_said_what_the_apply_did(story: Story) -> None:
    assert changes(story.previewed) == changes(story.updated)
    assert story.previewed.outputs["version"] == "[unknown]"
    assert story.previewed.outputs["url"] == story.updated.outputs["url"]


def test_outputs_are_kept_and_secret_ones_marked(story: Story) -> None:
    assert story.outputs.outputs == story.updated.outputs
    assert story.outputs.secret_outputs == {"password"}
    assert story.outputs.outputs["password"] == "hunter2-hunter2"


def test_the_secret_is_nowhere_in_the_state_file(story: Story) -> None:
    assert "hunter2" not in story.state


def test_what_the_program_prints_is_told(story: Story) -> None:
    assert "the program speaks" in messages(story.events)


def test_components_and_their_outputs_are_in_the_state(story: Story) -> None:
    entries = json.loads(story.state)["resources"]

    (component,) = [entry for entry in entries if entry["kind"] == "test:index:Service"]
    (function,) = [entry for entry in entries if entry["kind"] == "aws:lambda/function:Function"]
    assert function["parent"] == component["urn"]
    assert function["urn"].split("::")[2] == "test:index:Service$aws:lambda/function:Function"
    assert component["outputs"] == {"name": function["outputs"]["name"]}


def test_destroy_deletes_everything_dependents_first(story: Story) -> None:
    order = [change.name for change in story.destroyed.changes]

    assert sorted(order) == sorted(change.name for change in story.created.changes)
    assert order.index("stage") < order.index("deployment") < order.index("integration") < order.index("api")
    assert order.index("live") < order.index("function") < order.index("role")
    assert story.left == 0


QUEUES = """
    import pulumi_aws as aws

    for number in range(12):
        aws.sqs.Queue(f"q{number}", name=f"{NAME}-{number}")
"""


def queues(sandbox: Sandbox) -> list[str]:
    """The URLs of the sandbox's queues that the cloud has."""
    return list(sandbox.client("sqs").list_queues(QueueNamePrefix=sandbox.project)["QueueUrls"])


def signalled(sandbox: Sandbox, number: signal.Signals) -> tuple[int, str]:
    """Exit code and last message of an apply that gets a signal when its first resource is done."""
    job = Job(
        project=sandbox.project,
        root=sandbox.root,
        program=sandbox.root / "app",
        stack=STACK,
        config=sandbox.config,
        endpoint=sandbox.cloud.endpoint,
        instance="one",
        home=sandbox.home,
        preview=False,
    )
    command = [sys.executable, "-P", "-m", "localcloud.engine.process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(job.to_json())
        child.stdin.close()
        line = next(line for line in child.stdout if '"done"' in line)
        os.kill(child.pid, number)
        line = [line, *child.stdout][-1]
    return child.returncode, json.loads(line).get("text", "") if line.endswith("\n") else ""


def test_a_killed_apply_goes_on_where_it_was(sandbox: Sandbox) -> None:
    sandbox.write(QUEUES.replace("NAME", f"'{sandbox.project}'"))
    signalled(sandbox, signal.SIGKILL)
    survived = len(sandbox.state().resources)

    resumed = sandbox.apply()

    assert 0 < survived < 12
    assert set(operations(resumed).values()) == {"create", "same"}
    assert len(queues(sandbox)) == 12
    assert sandbox.apply().is_noop
    sandbox.destroy()


def test_an_interrupted_apply_ends_with_what_it_began_and_says_so(sandbox: Sandbox) -> None:
    sandbox.write(QUEUES.replace("range(12)", "range(60)").replace("NAME", f"'{sandbox.project}'"))

    code, message = signalled(sandbox, signal.SIGTERM)

    state = sandbox.state()
    assert (code, message) == (130, "interrupted: what was applied is in the state; apply again to go on")
    assert sorted(r.identifier for r in state.resources.values() if r.custom) == sorted(queues(sandbox))
    assert len(queues(sandbox)) < 60
    assert state.begun == set()
    sandbox.destroy()


def test_an_interrupt_of_the_caller_ends_the_program_s_process(sandbox: Sandbox) -> None:
    sandbox.write(QUEUES.replace("NAME", f"'{sandbox.project}'"))

    def interrupt(event: Event) -> None:
        if isinstance(event, ResourceEvent) and event.status is Status.DONE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sandbox.apply(emit=interrupt)

    assert sandbox.apply().count(Operation.CREATE) < 12  # the lock is free: nobody is left who holds it
    sandbox.destroy()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import pulumi\npulumi.Config().require('missing')", "^Missing required configuration variable '.*:missing'"),
        ("raise ValueError('no such environment: qa')", r"ValueError: no such environment: qa \(__main__.py:1\)"),
        ("import pulumi\nraise pulumi.RunError('no such environment:\\nqa')", "^no such environment: qa$"),
        ("import pulumi_aws as aws\naws.glue.Job('j', role_arn='r', command={})", "aws:glue/job:Job is not supported"),
        (
            "import pulumi_aws as aws\naws.ec2.get_vpc()",
            "aws:ec2/getVpc:getVpc 'invoke': not supported by the local engine, which has aws:iam/getPolicyDocument",
        ),
        (
            "import pulumi\npulumi.runtime.register_resource_transform(lambda args: None)",
            "transforms",
        ),
    ],
)
def test_a_program_that_cannot_be_applied_is_one_line(sandbox: Sandbox, program: str, message: str) -> None:
    sandbox.write(program)

    with pytest.raises(EngineError, match=message) as raised:
        sandbox.apply()

    assert "\n" not in str(raised.value)
    assert not isinstance(raised.value, Interrupted)


def test_a_restarted_cloud_is_noticed_and_filled_again(sandbox: Sandbox) -> None:
    """The embedded cloud lives in memory: after a restart nothing of the state is there any more."""
    events: list[Event] = []
    sandbox.write(QUEUES.replace("range(12)", "range(2)").replace("NAME", f"'{sandbox.project}'"))
    sandbox.apply()
    sandbox.client("sqs").delete_queue(QueueUrl=next(iter(queues(sandbox))))

    again = deploy(sandbox.root, STACK, sandbox.cloud.endpoint, instance="two", emit=events.append)

    assert sorted(operations(again).values()) == ["recreate", "same"]
    assert any("an earlier run of the embedded cloud" in text for text in messages(events))
    assert sandbox.state().instance == "two"
    sandbox.destroy()
