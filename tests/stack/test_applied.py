"""The whole program on the embedded cloud: applied, looked at through boto3, applied again, destroyed."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import canary
import handlers
from localcloud.engine.deploy import deploy, destroy
from localcloud.engine.diff import Operation
from localcloud.engine.endpoint import Target
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud, running_cloud
from stack.naming import Place
from stack.settings import CHECKOUT, Environment, parse_settings
from tests.stack.applied_checks import CHECKS, Deployed

pytestmark = pytest.mark.localcloud
PROGRAM = CHECKOUT / "stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """One environment with a cloud, a state and a copy of the code of its own."""

    environment: Environment
    cloud: RunningCloud
    folder: Path

    def apply(self, *, preview: bool = False, **config: str) -> Result:
        own = {"build": "build", "bundle": "handlers", "controller": "canary"}
        own = {key: str(self.folder / name) for key, name in own.items()}
        return deploy(
            PROGRAM,
            self.environment,
            self.cloud.endpoint,
            preview=preview,
            extra_config={**own, **config},
            home=self.folder / "state",
        )

    def destroy(self, *, unprotect: bool = False) -> Result:
        target = Target(endpoint=self.cloud.endpoint, instance="")
        return destroy(PROGRAM, self.environment, target, home=self.folder / "state", unprotect=unprotect)

    def seen(self, result: Result) -> Deployed:
        settings = parse_settings(self.environment, self.cloud.region, {})
        place = Place(
            environment=self.environment,
            account="000000000000",
            region=self.cloud.region,
            cost_centre=settings.cost_centre,
            data_classification=settings.data_classification,
        )
        return Deployed(
            cloud=self.cloud,
            settings=settings,
            place=place,
            outputs=dict(result.outputs),
            build=self.folder / "build",
        )


def changed(result: Result) -> list[str]:
    return [change.name for change in result.changes if change.operation is not Operation.SAME]


@pytest.fixture(scope="module", params=list(Environment))
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp(request.param)
    for package in (handlers, canary):
        shutil.copytree(Path(package.__path__[0]), folder / package.__name__)
    with running_cloud() as cloud:
        yield Workshop(environment=request.param, cloud=cloud, folder=folder)


@pytest.fixture(scope="module")
def planned(workshop: Workshop) -> Result:
    return workshop.apply(preview=True)


@pytest.fixture(scope="module")
def applied(workshop: Workshop, planned: Result) -> Result:
    assert planned.changes
    return workshop.apply()


def test_a_preview_tells_what_the_apply_then_does(planned: Result, applied: Result) -> None:
    def told(result: Result) -> list[tuple[str, str]]:
        return sorted((change.urn, change.operation.value) for change in result.changes)

    assert told(planned) == told(applied)
    assert applied.count(Operation.CREATE) == len(applied.changes)


def test_every_requirement_is_found_on_the_cloud(
    workshop: Workshop, applied: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = workshop.seen(applied)
    rows = [(number, what, look(seen)) for number, what, look in CHECKS]
    with capsys.disabled():
        print(f"\n{workshop.environment.value}: {len(applied.changes)} resources")  # noqa: T201 - the report asked for
        for number, what, held in rows:
            print(f"  {number:<4} {'held' if held else 'NOT HELD':<9} {what}")  # noqa: T201 - the report asked for
    assert [number for number, _, held in rows if not held] == []


def test_a_second_apply_changes_nothing(workshop: Workshop, applied: Result) -> None:
    assert applied.changes
    assert changed(workshop.apply()) == []


@pytest.mark.parametrize("stage", ["live_url", "preview_url"])
def test_a_request_through_each_stage_reaches_the_handler(applied: Result, stage: str) -> None:
    body = {"amount": "12.50", "currency": "EUR", "payment_method": "card_tok", "customer_id": stage}
    request = urllib.request.Request(
        f"{applied.outputs[stage]}/payments",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
        assert json.load(answer)["amount"] == "12.50"


def test_new_code_yields_new_versions_in_the_middle_of_a_rollout_and_no_alias_moves(
    workshop: Workshop, applied: Result
) -> None:
    """What the controller wrote stays: an apply during a rollout must neither finish nor undo it."""
    assert applied.changes
    functions, name = workshop.cloud.client("lambda"), f"function-payment-processor-{workshop.environment.value}"
    functions.update_function_configuration(FunctionName=name, Description="canary")
    functions.publish_version(FunctionName=name)
    functions.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    (workshop.folder / "handlers" / "payment_processor" / "next.py").write_text('"""A change."""\n')

    result = workshop.apply()

    live = functions.get_alias(FunctionName=name, Name="live")
    assert changed(result) == [name]
    assert result.outputs["candidate_versions"]["payment-processor"] == "3"
    assert (live["FunctionVersion"], live["RoutingConfig"]["AdditionalVersionWeights"]) == ("1", {"2": 0.1})


def test_a_destroy_is_refused_until_the_data_is_let_go_and_then_leaves_nothing(
    workshop: Workshop, applied: Result
) -> None:
    assert applied.changes
    with pytest.raises(Exception, match="is protected"):
        workshop.destroy()

    workshop.destroy(unprotect=True)

    left = [
        *workshop.cloud.client("lambda").list_functions()["Functions"],
        *workshop.cloud.client("dynamodb").list_tables()["TableNames"],
        *workshop.cloud.client("sqs").list_queues().get("QueueUrls", []),
        *workshop.cloud.client("apigateway").get_rest_apis()["items"],
        *workshop.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"],
        *workshop.cloud.client("logs").describe_log_groups()["logGroups"],
        *workshop.cloud.client("sns").list_topics()["Topics"],
        *workshop.cloud.client("events").list_rules()["Rules"],
        *workshop.cloud.client("s3").list_buckets()["Buckets"],
        *workshop.cloud.client("iam").list_roles()["Roles"],
    ]
    assert left == []
