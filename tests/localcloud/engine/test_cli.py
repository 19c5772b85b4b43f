import json
import uuid
from typing import Protocol

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from localcloud.engine import cli
from localcloud.running import RunningCloud
from tests.localcloud.engine.sandbox import STACK, Sandbox

pytestmark = pytest.mark.localcloud

PROGRAM = """
    import pulumi
    import pulumi_aws as aws

    queue = aws.sqs.Queue("work", delay_seconds=pulumi.Config().require_int("delay"))
    pulumi.export("url", queue.url)
    pulumi.export("token", pulumi.Output.secret("hunter2"))
"""


class Command(Protocol):
    """Types one command of the engine for this test's stack."""

    def __call__(self, command: str, *options: str, env: str = STACK) -> Result: ...


def application() -> Typer:
    app = Typer()
    for command in (cli.apply, cli.preview, cli.destroy, cli.refresh, cli.outputs):
        app.command()(command)
    return app


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cloud: RunningCloud) -> Sandbox:
    """A stack that every test of this file finds applied, or applies itself."""
    sandbox = Sandbox(root=tmp_path_factory.mktemp("cli"), cloud=cloud, project=f"t{uuid.uuid4().hex[:10]}")
    sandbox.write(PROGRAM, delay="1")
    return sandbox


@pytest.fixture
def run(stack: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.cloud.endpoint)

    def invoke(command: str, *options: str, env: str = STACK) -> Result:
        return CliRunner().invoke(application(), [command, "--env", env, "--program", str(stack.root), *options])

    return invoke


@pytest.fixture
def url(stack: Sandbox) -> str:
    """The queue of the applied stack."""
    if not stack.state().resources:
        stack.apply()
    return str(stack.state().outputs["url"])


def test_apply_prints_what_changed_and_the_outputs_with_secrets_masked(run: Command) -> None:
    run("destroy", "--yes")

    result = run("apply")

    assert result.exit_code == 0
    assert "1 create" in result.stdout
    assert "[secret]" in result.stdout
    assert "hunter2" not in result.output


@pytest.mark.usefixtures("url")
def test_json_is_one_object_on_stdout_and_a_preview_changes_nothing(run: Command, stack: Sandbox) -> None:
    document = json.loads(run("preview", "--json", "--show-secrets", "--config", "delay=2").stdout)

    assert document["counts"] == {"update": 1}
    assert document["changes"][0]["kind"] == "aws:sqs/queue:Queue"
    assert document["changes"][0]["changed"] == ["delaySeconds"]
    assert document["outputs"]["token"] == "hunter2"
    assert [r.inputs["delaySeconds"] for r in stack.state().resources.values() if r.custom] == [1]


@pytest.mark.usefixtures("url")
def test_outputs_are_those_of_the_last_apply(run: Command) -> None:
    assert json.loads(run("outputs", "--json").stdout)["token"] == "[secret]"
    assert "token = hunter2" in run("outputs", "--show-secrets").stdout


def test_refresh_says_what_drifted(run: Command, stack: Sandbox, url: str) -> None:
    stack.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})

    document = json.loads(run("refresh", "--json").stdout)

    assert document["changes"][0]["changed"] == ["visibilityTimeoutSeconds"]


@pytest.mark.usefixtures("url")
def test_destroy_asks_before_it_deletes(run: Command, stack: Sandbox) -> None:
    refused = run("destroy")

    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert len(stack.state().resources) == 2


@pytest.mark.usefixtures("url")
def test_destroy_with_yes_deletes(run: Command, stack: Sandbox) -> None:
    assert "1 delete" in run("destroy", "--yes").stdout
    assert stack.state().resources == {}


def test_outputs_of_a_stack_that_was_never_applied_say_what_to_type(run: Command) -> None:
    result = run("outputs", env="never")

    assert result.exit_code == 2
    assert "localcloud apply --env never" in result.stderr


def test_every_command_knows_the_long_names_of_environments(run: Command, stack: Sandbox) -> None:
    (stack.root / "Pulumi.dev.yaml").write_text(json.dumps({"config": {**stack.config, "delay": "1"}}))

    assert json.loads(run("preview", "--json", env="development").stdout)["stack"] == "dev"
    assert run("apply", env="development").exit_code == 0
    assert "url = " in run("outputs", env="development").stdout
    assert json.loads(run("refresh", "--json", env="development").stdout)["counts"] == {"same": 1}
    assert "1 delete" in run("destroy", "--yes", env="development").stdout
    assert run("outputs", env="dev").exit_code == 2


def test_a_bad_setting_is_refused(run: Command) -> None:
    result = run("preview", "--config", "delay")

    assert (result.exit_code, "--config delay: wanted KEY=VALUE" in result.stderr) == (2, True)


def test_a_cloud_elsewhere_is_refused(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com")

    result = run("apply")

    assert (result.exit_code, "not on loopback" in result.stderr) == (2, True)
