"""Every resource type's life on the real embedded cloud: made, kept, changed, read back, removed."""

import pytest

from localcloud.engine.workspace import Workspace, catalogued
from localcloud.resources.catalog import CATALOG
from tests.localcloud.engine.families import FAMILIES
from tests.localcloud.engine.sandbox import Declare, Sandbox

pytestmark = pytest.mark.localcloud


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> Declare:
    return FAMILIES[str(request.param)]


def living(space: Workspace) -> set[str]:
    """The recorded resources that the cloud has."""
    recorded = space.state.resources.values()
    return {r.name for r in recorded if space.live(catalogued(r.urn, r.kind), r) is not None}


def test_a_second_apply_and_a_refresh_change_nothing(sandbox: Sandbox, family: Declare) -> None:
    first = sandbox.apply_family(family, "one")

    second, refreshed = sandbox.apply_family(family, "one"), sandbox.refresh_goals()

    assert set(first.operations.values()) == {"create"}
    assert set(second.operations.values()) == {"same"}
    assert refreshed.changed == dict.fromkeys(first.operations, ())
    sandbox.destroy_goals()


def test_a_preview_says_what_the_apply_then_does(sandbox: Sandbox, family: Declare) -> None:
    sandbox.apply_family(family, "one")

    previewed, applied = sandbox.apply_family(family, "two", preview=True), sandbox.apply_family(family, "two")
    settled = sandbox.apply_family(family, "two")

    assert sorted(previewed.order) == sorted(applied.order)
    assert previewed.changed == applied.changed
    assert set(settled.operations.values()) == {"same"}
    assert sandbox.refresh_goals().changed == dict.fromkeys(settled.operations, ())
    sandbox.destroy_goals()


def test_a_destroy_leaves_nothing(sandbox: Sandbox, family: Declare) -> None:
    sandbox.apply_family(family, "one")
    before = sandbox.workspace([], preview=False)
    everything = living(before)

    sandbox.destroy_goals()

    assert everything == {resource.name for resource in before.state.resources.values()}
    assert living(before) - {"account"} == set()
    assert sandbox.state().resources == {}


def test_an_updated_api_is_what_the_program_says(sandbox: Sandbox) -> None:
    sandbox.apply_family(FAMILIES["api"], "one")
    made = sandbox.apply_family(FAMILIES["api"], "two").made
    gateway, rest = sandbox.client("apigateway"), made["api"].identifier
    place = {"restApiId": rest, "resourceId": made["folder"].identifier, "httpMethod": "POST"}

    api, method, integration = (
        gateway.get_rest_api(restApiId=rest),
        gateway.get_method(**place),
        gateway.get_integration(**place),
    )
    plan = gateway.get_usage_plan(usagePlanId=made["plan"].identifier)

    assert (api["description"], api["binaryMediaTypes"]) == ("two", ["image/two"])
    assert method["apiKeyRequired"] is False
    assert method["requestParameters"] == {"method.request.querystring.two": True}
    assert integration["timeoutInMillis"] == 6000
    assert integration["requestTemplates"] == {"application/json": '{"statusCode": 200, "v": "two"}'}
    assert plan["throttle"] == {"rateLimit": 500.0, "burstLimit": 2000}
    assert plan["apiStages"] == [
        {"apiId": rest, "stage": "live", "throttle": {"/payments/POST": {"rateLimit": 20.0, "burstLimit": 5}}}
    ]
    sandbox.destroy_goals()


def test_the_families_together_hold_every_resource_type() -> None:
    names = {kind for declare in FAMILIES.values() for kind in CATALOG if kind in declare.__code__.co_consts}

    assert names == set(CATALOG)
