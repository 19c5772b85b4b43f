import pytest

from localcloud.engine.diff import Operation, changed_paths
from localcloud.engine.errors import EngineError
from localcloud.engine.goals import Goal
from localcloud.engine.paths import parse_path
from localcloud.engine.planning import Step, plan_step
from localcloud.engine.state import Recorded
from localcloud.engine.values import UNKNOWN, Secret
from localcloud.resources.catalog import CATALOG

QUEUE = CATALOG["aws:sqs/queue:Queue"]
URN = "urn:pulumi:test::p::aws:sqs/queue:Queue::q"


def goal(**inputs: object) -> Goal:
    return Goal(urn=URN, kind=QUEUE.kind, name="q", custom=True, inputs=inputs)


def recorded(wanted: Goal) -> Recorded:
    """The resource as the first apply of `wanted` records it."""
    step = plan_step(wanted, QUEUE, None, {}, exists=False)
    return Recorded(
        urn=URN,
        kind=QUEUE.kind,
        custom=True,
        identifier="id",
        inputs=step.inputs,
        generated_name=step.generated_name,
        protect=wanted.protect,
    )


def step_after(first: Goal, then: Goal, *, exists: bool = True) -> Step:
    return plan_step(then, QUEUE, recorded(first), {}, exists=exists)


def test_the_first_time_creates_with_defaults_and_a_generated_name() -> None:
    step = plan_step(goal(), QUEUE, None, {}, exists=False)

    assert step.operation is Operation.CREATE
    assert step.inputs["name"].startswith("q-")
    assert step.inputs["visibilityTimeoutSeconds"] == 30


def test_the_same_goal_changes_nothing() -> None:
    assert step_after(goal(delaySeconds=5), goal(delaySeconds=5)).operation is Operation.SAME


def test_a_resource_that_the_cloud_lost_is_made_again_under_its_name() -> None:
    first = recorded(goal())

    step = plan_step(goal(), QUEUE, first, {}, exists=False)

    assert step.operation is Operation.RECREATE
    assert step.inputs["name"] == first.inputs["name"]


def test_a_changed_property_is_an_update_that_names_it() -> None:
    step = step_after(goal(delaySeconds=5), goal(delaySeconds=6))

    assert (step.operation, step.changed) == (Operation.UPDATE, (("delaySeconds",),))


def test_a_dropped_property_falls_back_to_its_default() -> None:
    step = step_after(goal(delaySeconds=5), goal())

    assert (step.operation, step.inputs["delaySeconds"]) == (Operation.UPDATE, 0)


def test_a_generated_name_lets_the_replacement_stand_beside_the_old_one() -> None:
    step = step_after(goal(), goal(fifoQueue=True))

    assert step.operation is Operation.REPLACE
    assert not step.delete_first
    assert step.inputs["name"].endswith(".fifo")


def test_the_same_explicit_name_deletes_before_it_creates() -> None:
    step = step_after(goal(name="n.fifo", fifoQueue=True), goal(name="n.fifo"))

    assert (step.operation, step.delete_first) == (Operation.REPLACE, True)


def test_another_explicit_name_creates_before_it_deletes() -> None:
    step = step_after(goal(name="a"), goal(name="b"))

    assert (step.operation, step.delete_first) == (Operation.REPLACE, False)


def test_replace_on_changes_turns_an_update_into_a_replacement() -> None:
    wanted = Goal(
        urn=URN,
        kind=QUEUE.kind,
        name="q",
        custom=True,
        inputs={"tags": {"a": "2"}},
        replace_on_changes=(parse_path("tags.a"),),
    )

    assert step_after(goal(tags={"a": "1"}), wanted).operation is Operation.REPLACE


def test_another_region_replaces() -> None:
    step = step_after(goal(region="us-east-1"), goal(region="eu-west-1"))

    assert (step.operation, step.delete_first) == (Operation.REPLACE, False)


def test_a_protected_resource_is_not_replaced() -> None:
    first = Goal(urn=URN, kind=QUEUE.kind, name="q", custom=True, inputs={"name": "a"}, protect=True)

    with pytest.raises(EngineError, match="protected"):
        step_after(first, goal(name="b"))


def test_a_property_that_no_call_carries_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match="does not carry namePrefix"):
        plan_step(goal(namePrefix="x"), QUEUE, None, {}, exists=False)


def test_default_tags_are_on_the_resource_and_its_own_win() -> None:
    step = plan_step(goal(tags={"a": "mine"}), QUEUE, None, {"a": "default", "b": "default"}, exists=False)

    assert step.inputs["tagsAll"] == {"a": "mine", "b": "default"}


def test_a_change_of_the_default_tags_is_an_update() -> None:
    step = plan_step(goal(), QUEUE, recorded(goal()), {"team": "x"}, exists=True)

    assert (step.operation, step.changed) == (Operation.UPDATE, (("tagsAll", "team"),))


def test_what_a_preview_cannot_know_counts_as_changed() -> None:
    assert changed_paths({"a": 1}, {"a": UNKNOWN}, frozenset()) == (("a",),)


def test_an_equal_secret_is_no_change() -> None:
    assert changed_paths({"a": Secret("x")}, {"a": "x"}, frozenset()) == ()


def test_another_layout_of_the_same_document_is_no_change() -> None:
    old, new = {"policy": '{"a": 1}'}, {"policy": '{"a":1}'}

    assert changed_paths(old, new, frozenset({"policy"})) == ()
    assert changed_paths(old, new, frozenset()) == (("policy",),)
