"""What a person may order where (T6): every order in every phase is obeyed, changes nothing, or is refused in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from canary.core.commands import (
    order_abort,
    order_approval,
    order_pause,
    order_promotion,
    order_resumption,
    order_skip,
    order_undo,
)
from canary.core.decision import Decision
from canary.core.errors import RolloutConflict
from canary.core.ledger import EntryKind
from canary.core.model import Phase
from canary.core.rollout import Rollout
from tests.fakes import START
from tests.rollouts import a_rollout

NOW = START + timedelta(minutes=5)
Order = Callable[..., Decision]
ORDERS: dict[str, Order] = {
    "abort": order_abort,
    "approve": order_approval,
    "pause": order_pause,
    "promote": partial(order_promotion, full=False),
    "promote in full": partial(order_promotion, full=True),
    "resume": order_resumption,
    "skip": order_skip,
    "undo": partial(order_undo, to=None),
}
OPEN = [phase for phase in Phase if not phase.is_terminal]
STILL, DONE = "changes nothing", "is obeyed"
NO_STEP = "no step can be {}; see canary status"
ANSWERS: dict[str, dict[Phase, str]] = {
    "abort": dict.fromkeys(OPEN, DONE)
    | dict.fromkeys((Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED), STILL)
    | {Phase.PROMOTED: "is promoted already; to go back: canary undo r-1"},
    "approve": dict.fromkeys(Phase, "waits for no approval; see canary status"),
    "pause": dict.fromkeys(Phase, "only a progressing rollout can be paused")
    | {Phase.PROGRESSING: DONE, Phase.PAUSED: STILL},
    "promote": dict.fromkeys(Phase, NO_STEP.format("promoted"))
    | {Phase.PROGRESSING: DONE, Phase.PAUSED: DONE, Phase.PROMOTING: STILL, Phase.PROMOTED: STILL},
    "promote in full": dict.fromkeys(Phase, NO_STEP.format("promoted"))
    | {Phase.PROGRESSING: DONE, Phase.PAUSED: DONE, Phase.PROMOTING: STILL, Phase.PROMOTED: STILL},
    "resume": dict.fromkeys(Phase, "only a paused rollout can be resumed")
    | {Phase.PAUSED: DONE, Phase.PROGRESSING: STILL},
    "skip": dict.fromkeys(Phase, NO_STEP.format("skipped")) | {Phase.PROGRESSING: DONE, Phase.PAUSED: DONE},
    "undo": dict.fromkeys(Phase, "only a promotion can be undone") | {Phase.PROMOTED: DONE},
}


def asked(rollout: Rollout, order: str) -> Decision:
    return ORDERS[order](rollout, by="amy", why="because", now=NOW)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("order", list(ORDERS))
def test_every_order_in_every_phase_is_obeyed_changes_nothing_or_is_refused(order: str, phase: Phase) -> None:
    rollout = a_rollout().entered(phase, at=START)
    answer = ANSWERS[order][phase]
    if answer not in (STILL, DONE):
        with pytest.raises(RolloutConflict) as refused:
            asked(rollout, order)
        assert str(refused.value).startswith(f"rollout {rollout.id} is {phase}")
        assert str(refused.value).endswith(answer)
        return

    decision = asked(rollout, order)

    assert (decision.rollout == rollout, len(decision.entries)) == ((True, 0) if answer is STILL else (False, 1))
    assert decision.routes == ()  # the next look acts on it


@pytest.mark.parametrize(
    ("order", "phase"), [(order, phase) for order, by in ANSWERS.items() for phase in by if by[phase] == DONE]
)
def test_an_order_given_twice_is_one_order_with_who_and_why(order: str, phase: Phase) -> None:
    once = asked(a_rollout().entered(phase, at=START), order)

    again = asked(once.rollout, order)

    assert (again.rollout, again.entries) == (once.rollout, ())
    (entry,) = once.entries
    assert (entry.by, entry.at) == ("amy", NOW)
    assert "because" in entry.reason


@pytest.mark.parametrize("phase", [Phase.PROGRESSING, Phase.PAUSED])
def test_what_waits_for_an_approval_is_approved_once(phase: Phase) -> None:
    waiting = replace(a_rollout().entered(phase, at=START), awaiting_since=START)

    decision = asked(waiting, "approve")

    assert (decision.rollout.approved, decision.rollout.phase) == (True, phase)
    assert [entry.kind for entry in decision.entries] == [EntryKind.APPROVED]
    assert asked(decision.rollout, "approve").entries == ()


def test_no_promotion_is_taken_while_the_last_weight_is_not_seen_yet() -> None:
    shifting = a_rollout().entered(Phase.PROGRESSING, at=START).shifting(to_step=0, at=START)

    with pytest.raises(RolloutConflict, match=r"is still on its way to 10 %; ask again in a moment"):
        asked(shifting, "promote")
