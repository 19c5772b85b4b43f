"""The whole program on the embedded cloud: applied, looked at through boto3, applied again, destroyed."""

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import canary
import handlers
from handlers.shared.signatures import HEADER
from localcloud.engine.deploy import deploy, destroy, read_outputs, refresh
from localcloud.engine.diff import Operation
from localcloud.engine.endpoint import Target
from localcloud.engine.jobs import Result
from localcloud.engine.state import load_state
from localcloud.engine.values import revealed
from localcloud.running import RunningCloud, running_cloud
from stack.grants import FUNCTIONS
from stack.inventory import read_inventory
from stack.naming import Place
from stack.settings import CHECKOUT, Environment, Settings, parse_settings
from tests.stack.applied_checks import CHECKS
from tests.stack.applied_lies import Lying, lies_about
from tests.stack.deployed import Answer, Deployed, Remembering, asking, is_held
from tests.stack.leftovers import NOT_BY_DEFAULT, everything_in, lists_without

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
            "state": lambda: json.loads((self.state / f"{self.environment}.json").read_text(encoding="utf-8")),
            "transaction": lambda: self._transaction(result),
            "statement": self._statement,
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

    def _statement(self) -> Answer:
        """What the migrated function answers."""
        name = f"function-statement-printer-{self.environment.value}"
        invoke = self.cloud.client("lambda").invoke
        answer: Answer = json.load(
            invoke(FunctionName=name, Qualifier="live", Payload='{"customer_id": "c-1"}')["Payload"]
        )
        return answer

    def _transaction(self, result: Result) -> Answer:
        """What becomes of a transaction, and of a verdict on it that the fraud service did not sign."""
        key_id, url = str(result.outputs["api_key_id"]), str(result.outputs["live_url"])
        key = self.cloud.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"]
        order = {"amount": "5.00", "currency": "EUR", "payment_method": "card_tok", "merchant_id": "m-1"}
        _, taken = call(f"{url}/transactions", key, order)
        until, seen = time.monotonic() + SETTLED_WITHIN_SECONDS, taken
        while seen["status"] == "pending" and time.monotonic() < until:
            time.sleep(0.1)
            _, seen = call(f"{url}/transaction/{taken['transaction_id']}", key)
        verdict = {"alert_id": "a-1", "transaction_id": taken["transaction_id"], "verdict": "fraud"}
        verdict["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        forged, _ = call(f"{url}/fraud-webhook", key, verdict, **{HEADER: f"t={int(time.time())},v1={64 * '0'}"})
        return {"taken": taken["status"], "then": seen["status"], "forged": forged}


def call(url: str, key: str, body: dict[str, str] | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", "x-api-key": key, **headers})
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
def before(workshop: Workshop) -> set[str]:
    """What a cloud has to which nothing was ever applied, such as EC2's default network."""
    return everything_in(workshop.cloud)


@pytest.fixture(scope="module")
def planned(workshop: Workshop, before: set[str]) -> Result:
    result = workshop.apply(preview=True)
    assert everything_in(workshop.cloud) == before
    return result


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
    believed, untold = [], []
    for lie in lies_about(seen):
        lying = Lying(seen.ask, lie)
        if is_held(looks[lie.number], replace(seen, ask=lying)):
            believed.append(str(lie))
        if not lying.told:
            untold.append(str(lie))
    assert (believed, untold) == ([], [])
    assert {lie.number for lie in lies_about(seen)} == looks.keys()


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


def test_code_and_configuration_yield_new_versions_nothing_else_does_and_no_alias_moves(
    workshop: Workshop, applied: Result
) -> None:
    """In the middle of a rollout: an apply must neither finish nor undo it, so what the controller wrote stays.

    The code of one function changes, the memory of three others, and an alarm on each.
    """
    assert applied.changes
    functions, environment = workshop.cloud.client("lambda"), workshop.environment.value
    name = f"function-payment-processor-{environment}"
    functions.update_function_configuration(FunctionName=name, Description="canary")
    functions.publish_version(FunctionName=name)
    functions.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    (workshop.folder / "handlers" / "payment_processor" / "next.py").write_text('"""A change."""\n')

    result = workshop.apply(asyncMemoryMb="2048", errorThreshold="7")

    live = functions.get_alias(FunctionName=name, Name="live")
    migrated = [] if workshop.environment is Environment.DEV else ["statement-printer"]
    assert sorted(changed(result)) == sorted(
        [f"function-{each}-{environment}" for each in FUNCTIONS]
        + [f"alarm-{each}-errors-{environment}" for each in (*FUNCTIONS, *migrated)]
    )
    assert result.outputs["candidate_versions"] == dict.fromkeys(FUNCTIONS, "2") | {"payment-processor": "3"}
    assert [versions_of(workshop, each) for each in migrated] == len(migrated) * [["$LATEST", "1"]]
    assert (live["FunctionVersion"], live["RoutingConfig"]["AdditionalVersionWeights"]) == ("1", {"2": 0.1})


def versions_of(workshop: Workshop, purpose: str) -> list[str]:
    name = f"function-{purpose}-{workshop.environment.value}"
    listed = workshop.cloud.client("lambda").list_versions_by_function(FunctionName=name)["Versions"]
    return [each["Version"] for each in listed]


def test_a_destroy_is_refused_until_the_data_is_let_go_and_then_leaves_nothing(
    workshop: Workshop, applied: Result, before: set[str]
) -> None:
    there = everything_in(workshop.cloud)
    assert applied.changes
    assert lists_without(there - before) <= NOT_BY_DEFAULT
    with pytest.raises(Exception, match="is protected"):
        workshop.destroy()
    assert everything_in(workshop.cloud) == there

    workshop.destroy(unprotect=True)

    assert everything_in(workshop.cloud) == before
