"""The whole program on the embedded cloud: applied, looked at through boto3, applied again, destroyed."""

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import canary
import handlers
from localcloud.engine.deploy import deploy, destroy, read_outputs, refresh
from localcloud.engine.diff import Operation
from localcloud.engine.endpoint import Target
from localcloud.engine.jobs import Result
from localcloud.engine.state import load_state
from localcloud.engine.values import revealed
from localcloud.running import RunningCloud, running_cloud
from stack.inventory import read_inventory
from stack.naming import Place
from stack.settings import CHECKOUT, Environment, Settings, parse_settings
from tests.stack.applied_checks import CHECKS
from tests.stack.applied_lies import LIES, Lying
from tests.stack.deployed import Answer, Deployed, Remembering, asking, is_held

pytestmark = pytest.mark.localcloud
PROGRAM = CHECKOUT / "stack"
MIGRATED = {"inventory": "examples/inventory.json"}
SETTLED_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """One environment with a cloud, a state and a copy of the code of its own; all but dev take dev's inventory."""

    environment: Environment
    cloud: RunningCloud
    folder: Path

    @property
    def inventory(self) -> dict[str, str]:
        return {} if self.environment is Environment.DEV else MIGRATED

    @property
    def settings(self) -> Settings:
        return parse_settings(self.environment, self.cloud.region, self.inventory)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def target(self) -> Target:
        return Target(endpoint=self.cloud.endpoint, instance="")

    def apply(self, *, preview: bool = False, **config: str) -> Result:
        own = {"build": "build", "bundle": "handlers", "controller": "canary"}
        own = {key: str(self.folder / name) for key, name in own.items()}
        return deploy(
            PROGRAM,
            self.environment,
            self.cloud.endpoint,
            preview=preview,
            extra_config={**own, **self.inventory, **config},
            home=self.state,
        )

    def destroy(self, *, unprotect: bool = False) -> Result:
        return destroy(PROGRAM, self.environment, self.target, home=self.state, unprotect=unprotect)

    def seen(self, result: Result) -> Deployed:
        settings = self.settings
        place = Place(
            environment=self.environment,
            account="000000000000",
            region=self.cloud.region,
            cost_centre=settings.cost_centre,
            data_classification=settings.data_classification,
        )
        stack = {
            "outputs": lambda: dict(result.outputs),
            "told": lambda: dict(read_outputs(PROGRAM, self.environment, self.state).outputs),
            "drift": self._drift,
            "manifest": lambda: self._manifest(str(result.outputs["manifest"])),
            "resources": lambda: {
                "names": sorted(each.name for each in result.changes if each.kind.startswith("aws:"))
            },
            "components": self._components,
            "transaction": lambda: self._transaction(result),
        }
        return Deployed(
            ask=Remembering(asking(self.cloud, stack)),
            settings=settings,
            place=place,
            inventory=read_inventory(settings.inventory, self.environment) if settings.inventory else None,
        )

    def _manifest(self, name: str) -> Answer:
        manifest: Answer = json.loads((self.folder / "build" / "manifests" / name).read_text(encoding="utf-8"))
        return manifest

    def _drift(self) -> Answer:
        return {"changed": changed(refresh(PROGRAM, self.environment, self.target, home=self.state))}

    def _components(self) -> Answer:
        recorded = load_state(self.state, self.environment).resources
        return {
            urn: {"kind": each.kind, "outputs": revealed(each.outputs)}
            for urn, each in recorded.items()
            if each.kind.startswith("bluegreen:")
        }

    def _transaction(self, result: Result) -> Answer:
        """What becomes of a transaction, and of a verdict on it that the fraud service did not sign."""
        key_id, url = str(result.outputs["api_key_id"]), str(result.outputs["live_url"])
        key = self.cloud.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"]
        order = {"amount": "5.00", "currency": "EUR", "payment_method": "card_tok", "merchant_id": "m-1"}
        _, taken = call(f"{url}/transactions", order, key)
        until, seen = time.monotonic() + SETTLED_WITHIN_SECONDS, taken
        while seen["status"] == "pending" and time.monotonic() < until:
            time.sleep(0.1)
            _, seen = call(f"{url}/transaction/{taken['transaction_id']}", None, key)
        verdict = {"alert_id": "a-1", "transaction_id": taken["transaction_id"], "verdict": "block"}
        forged, _ = call(f"{url}/fraud-webhook", verdict, key)
        return {"taken": taken["status"], "then": seen["status"], "forged": forged}


def call(url: str, body: dict[str, str] | None, key: str) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", "x-api-key": key})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


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


@pytest.fixture(scope="module")
def seen(workshop: Workshop, applied: Result) -> Deployed:
    return workshop.seen(applied)


def test_every_requirement_is_found_on_the_cloud(
    workshop: Workshop, applied: Result, seen: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(number, what, is_held(look, seen)) for number, what, look in CHECKS]
    with capsys.disabled():
        print(f"\n{workshop.environment.value}: {len(applied.changes)} resources")  # noqa: T201 - the report asked for
        for number, what, held in rows:
            print(f"  {number:<4} {'held' if held else 'NOT HELD':<9} {what}")  # noqa: T201 - the report asked for
    assert [number for number, _, held in rows if not held] == []


def test_no_requirement_is_held_once_the_cloud_says_otherwise(seen: Deployed) -> None:
    """A check that a wrong answer does not turn checks nothing; each has its own wrong answers."""
    looks = {number: look for number, _, look in CHECKS}
    provisioned = seen.settings.capacity_mode == "provisioned"
    told, believed = [], []
    for lie in LIES:
        lying = Lying(seen.ask, lie)
        held = is_held(looks[lie.number], replace(seen, ask=lying))
        told += [lie] if lying.told else []
        believed += [str(lie)] if held else []
    untold = [str(lie) for lie in LIES if lie not in told and (provisioned or not lie.provisioned)]
    assert (believed, untold) == ([], [])
    assert {lie.number for lie in LIES} == looks.keys()


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
