"""What must never happen, each rule as a function of everything that did happen; a rule answers with its violations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from canary.core.ledger import CONTROLLER, EntryKind, LedgerEntry
from canary.core.model import NO_TRAFFIC, AliasRouting, Phase, Verdict, Weight
from canary.core.rollout import Rollout
from tests.simulation.cloud import CANARY
from tests.simulation.leaving import a_failed_version_leaves_within_two_ticks
from tests.simulation.record import Attempted, Committed, Decided, Died, Record, Stopped, Surprised, Wrote

SILENT: Final = (
    EntryKind.VERDICT,
    EntryKind.REACHED,
    EntryKind.HELD,
    EntryKind.AWAITING,
    EntryKind.APPROVED,
    EntryKind.UNDONE,
    EntryKind.HOOK,
)
"""Entries that tell of no change of phase or weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule broken, when and how."""

    rule: str
    at: float
    told: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.told} (at {self.at:.1f} s)"


Told = Iterator[tuple[float, str]]
Rule = Callable[[Record], Told]


def nothing_but_expected_errors(record: Record) -> Told:
    """A tick, a command or an opening raises nothing that it does not promise."""
    for event in record.all_of(Surprised):
        yield event.at, f"{event.by} raised {event.error}"


def no_split_of_ours_is_left(record: Record) -> Told:
    """When all is over, no alias that we wrote last is split, nor serves a candidate that was not promoted."""
    for resource, rollouts in _by_resource(record).items():
        ended = record.latest(rollouts[-1].id)
        for wrote in _writes_of(record, resource)[-1:]:
            is_whole = wrote.after is None or _is_whole(wrote.after, ended) or _died_untold(record, wrote)
            if wrote.is_ours and not is_whole:
                yield wrote.at, f"{ended.id} is {ended.phase}, and {resource} serves {wrote.after}"


def a_weight_that_a_hand_lowered_is_not_raised(record: Record) -> Told:
    """Once somebody else took weight off the candidate, none of ours gives it more.

    A hand that wrote just what we had asked for agrees with us, and is no foreign one.
    """
    for rollout in record.opened():
        for resource in _resources(rollout):
            is_lowered = False
            for wrote in _writes_of(record, resource):
                change = _canary_share(wrote.after).basis_points - _canary_share(wrote.before).basis_points
                if not wrote.is_ours:
                    is_lowered = (is_lowered or change < 0) and not _is_asked(record, rollout, wrote)
                elif is_lowered and change > 0:
                    yield wrote.at, f"{wrote.by} raised {resource} from {wrote.before} to {wrote.after}"


def every_rollout_ends(record: Record) -> Told:
    """When nothing goes wrong any more, a rollout ends within its deadlines."""
    for rollout_id in record.unfinished:
        ended = record.latest(rollout_id)
        yield record.ended_at, f"{rollout_id} is still {ended.phase} at {ended.weight}"


def the_ledger_is_whole(record: Record) -> Told:
    """Entries are numbered without a gap, and each change of phase or weight has exactly one, with a reason."""
    for rollout in record.opened():
        numbers = [entry.number for entry in record.ledger(rollout.id)]
        if numbers != list(range(rollout.entries, rollout.entries + len(numbers))):
            yield record.ended_at, f"{rollout.id} has entries {numbers}"
    for event in record.all_of(Committed):
        telling = [entry for entry in event.entries if entry.kind not in SILENT]
        changed = (event.before.phase, event.before.weight) != (event.after.phase, event.after.weight)
        if len(telling) != changed and not _is_waiver(telling):
            yield (
                event.at,
                f"{event.after.id} became {event.after.phase} {event.after.weight} by {len(telling)} entries",
            )
        for entry in telling:
            if (entry.phase, entry.weight) != (event.after.phase, event.after.weight) or not entry.reason:
                yield event.at, f"entry {entry.number} of {event.after.id} tells of {entry.phase} {entry.weight}"


def every_alias_write_is_explained(record: Record) -> Told:
    """Weight goes up only after the entry that says so; what takes it away is told by the end."""
    for resource, rollouts in _by_resource(record).items():
        ids = {rollout.id for rollout in rollouts}
        commits = [event for event in record.all_of(Committed) if event.after.id in ids]
        told = [(event.at, entry) for event in commits for entry in event.entries]
        for wrote in _writes_of(record, resource):
            if wrote.is_ours and not _is_explained(wrote, told) and not _died_untold(record, wrote):
                yield wrote.at, f"no entry explains that {wrote.by} made {resource} {wrote.after}"


def no_weight_rises_while_all_is_stopped(record: Record) -> Told:
    """A tick that began after somebody stopped all rollouts gives no candidate more traffic."""
    for wrote in record.all_of(Wrote):
        is_raised = _canary_share(wrote.after) > _canary_share(wrote.before)
        if wrote.is_ours and is_raised and wrote.resource.endswith(":live"):
            for stop in record.all_of(Stopped):
                if stop.at <= wrote.at < stop.until and not _was_asked_before(record, wrote, stop.at):
                    yield wrote.at, f"{wrote.by} raised {wrote.resource} to {wrote.after}, stopped at {stop.at:.1f} s"


def no_weight_rises_without_evidence(record: Record) -> Told:
    """A step is left, and a candidate promoted, by a passing verdict of that very look, or by a person."""
    for event in record.all_of(Committed):
        for entry in event.entries:
            leaves = entry.kind is EntryKind.PROMOTING or (
                entry.kind is EntryKind.SHIFTED and event.before.phase is not Phase.GATING
            )
            if leaves and entry.by == CONTROLLER and not event.before.waived:
                look = _look_behind(record, event)
                if look is None or look.verdict is not Verdict.PASS:
                    seen = "no look" if look is None else look.verdict
                    yield event.at, f"{event.after.id} became {event.after.phase} {event.after.weight} on {seen}"


def targets_go_together(record: Record) -> Told:
    """A step is reached when every alias was given its weight, and the way back begins with the last target."""
    for event in record.all_of(Committed):
        if event.before.reached_at is None and event.after.reached_at is not None:
            for resource in _resources(event.after):
                if not _was_given(record, resource, event):
                    yield event.at, f"{event.after.id} reached {event.after.weight}, but {resource} never did"
    for decided in record.all_of(Decided):
        if decided.decision.route_first:
            yield from _out_of_order(record, decided)


def _look_behind(record: Record, event: Committed) -> Decided | None:
    """The look on which the real `reconcile` decided this state."""
    unnumbered = replace(event.after, number=event.before.number)
    looks = [look for look in record.all_of(Decided) if look.by == event.by and look.decision.rollout == unnumbered]
    return looks[-1] if looks else None


def _out_of_order(record: Record, decided: Decided) -> Told:
    order = _resources(decided.rollout)
    attempts = (
        order.index(event.resource)
        for event in record.all_of(Attempted)
        if (event.by, event.tick) == (decided.by, decided.tick) and event.resource in order
    )
    asked = list(dict.fromkeys(attempts))  # those without an answer are asked again after all others
    if asked != sorted(asked, reverse=True):
        yield decided.at, f"{decided.by} took the targets of {decided.rollout.id} back in the order {asked}"


def _died_untold(record: Record, wrote: Wrote) -> bool:
    """Whether it was a way back, whose writer died before the store, which was away, could hear of it."""
    after = [event for event in record.events if event.at >= wrote.at and getattr(event, "by", None) == wrote.by]
    died = any(isinstance(event, Died) for event in after) and not any(isinstance(event, Committed) for event in after)
    return died and _canary_share(wrote.after) == NO_TRAFFIC


def _is_whole(routing: AliasRouting, ended: Rollout) -> bool:
    """Whether an alias serves one version alone, and the one that the rollout's end asks for."""
    if ended.phase is Phase.PROMOTED and ended.undone is None:
        return routing.is_same_split(AliasRouting(stable=CANARY)) and routing.stable == CANARY
    return CANARY not in routing.shares() and not routing.is_split()


def _was_asked_before(record: Record, wrote: Wrote, stop: float) -> bool:
    return any(
        asked.began < stop
        and (asked.by, asked.resource) == (wrote.by, wrote.resource)
        and wrote.after is not None
        and asked.routing.is_same_split(wrote.after)
        for asked in record.all_of(Attempted)
    )


def _is_asked(record: Record, rollout: Rollout, wrote: Wrote) -> bool:
    states = [e.after for e in record.all_of(Committed) if e.after.id == rollout.id and e.at <= wrote.at]
    legs = states[-1].legs if states else rollout.legs
    asked = next(leg.asked for leg in legs if leg.target.resource == wrote.resource)
    return wrote.after is not None and wrote.after.is_same_split(asked)


def _is_waiver(telling: list[LedgerEntry]) -> bool:
    """A skip may change the phase (of a paused rollout) or nothing at all."""
    return [entry.kind for entry in telling] == [EntryKind.SKIPPED]


def _is_explained(wrote: Wrote, told: list[tuple[float, LedgerEntry]]) -> bool:
    before = [entry for at, entry in told if at <= wrote.at]
    share = _canary_share(wrote.after)
    if share == NO_TRAFFIC:
        return any(entry.kind in (EntryKind.ROLLING_BACK, EntryKind.UNDONE) for _, entry in told)
    if wrote.after is not None and wrote.after.stable == CANARY:
        return any(entry.kind is EntryKind.PROMOTING for entry in before)
    return any(entry.kind is EntryKind.SHIFTED and entry.weight == share for entry in before)


def _was_given(record: Record, resource: str, event: Committed) -> bool:
    wanted = next(leg.asked for leg in event.after.legs if leg.target.resource == resource)
    return any(
        wrote.at <= event.at and wrote.after is not None and wrote.after.is_same_split(wanted)
        for wrote in _writes_of(record, resource)
    )


def _by_resource(record: Record) -> dict[str, list[Rollout]]:
    """The rollouts of every alias, in order: whoever opened one and heard no answer may have opened it again."""
    found: dict[str, list[Rollout]] = {}
    for rollout in record.opened():
        for resource in _resources(rollout):
            found.setdefault(resource, []).append(rollout)
    return found


def _writes_of(record: Record, resource: str) -> list[Wrote]:
    return [event for event in record.all_of(Wrote) if event.resource == resource]


def _canary_share(routing: AliasRouting | None) -> Weight:
    return NO_TRAFFIC if routing is None else routing.shares().get(CANARY, NO_TRAFFIC)


def _resources(rollout: Rollout) -> list[str]:
    return [leg.target.resource for leg in rollout.legs]


RULES: Final[tuple[Rule, ...]] = (
    a_failed_version_leaves_within_two_ticks,
    no_split_of_ours_is_left,
    a_weight_that_a_hand_lowered_is_not_raised,
    every_rollout_ends,
    the_ledger_is_whole,
    every_alias_write_is_explained,
    no_weight_rises_without_evidence,
    no_weight_rises_while_all_is_stopped,
    targets_go_together,
    nothing_but_expected_errors,
)


def violations(record: Record) -> list[Violation]:
    """Every rule that the record breaks, and where."""
    return [Violation(rule=rule.__name__, at=at, told=told) for rule in RULES for at, told in rule(record)]
