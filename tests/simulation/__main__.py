"""`python -m tests.simulation`: thousands of rollouts in faulty worlds, and whether a rule was broken in any of them.

The same seeds give the same worlds; a seed in which a rule was broken is told, and `--seed` shows what happened in it.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pool, cpu_count

from canary.core.model import Phase
from tests.simulation.faults import Fault
from tests.simulation.invariants import RULES, violations
from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import simulate

ROLLOUTS = 10_000
FEW_SEEDS = 400
"""Within so many worlds every planted bug must be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What came of one seed."""

    seed: int
    phases: tuple[Phase, ...]
    injected: Counter[Fault]
    broken: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of many."""

    ended: Counter[Phase] = field(default_factory=Counter)
    injected: Counter[Fault] = field(default_factory=Counter)
    broken: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, world: World) -> None:
        """Counts one more world."""
        self.ended.update(world.phases)
        self.injected.update(world.injected)
        if world.broken:
            self.broken[world.seed] = world.broken

    def lines(self) -> Iterator[str]:
        """The result, a line each: how rollouts ended, faults by kind, what was violated and how to see it again."""
        ended = ", ".join(f"{number:,} {phase}" for phase, number in self.ended.most_common())
        yield f"{self.ended.total():,} rollouts: {ended}"
        yield f"{self.injected.total():,} faults injected:"
        yield from (f"  {number:>9,}  {fault}" for fault, number in self.injected.most_common())
        for seed, broken in sorted(self.broken.items()):
            yield from (f"seed {seed}: {told}" for told in broken[:3])
            yield f"  replay: python -m tests.simulation --seed {seed}"
        yield f"{sum(map(len, self.broken.values()))} violations of {len(RULES)} rules"


def simulated(seed: int) -> World:
    """One world, run to its end and asked for every rule."""
    record = simulate(seed)
    phases = tuple(record.latest(rollout.id).phase for rollout in record.opened())
    broken = tuple(str(violation) for violation in violations(record))
    return World(seed=seed, phases=phases, injected=record.injected, broken=broken)


def simulate_many(rollouts: int, *, first_seed: int = 0, processes: int = 1) -> Tally:
    """At least so many rollouts, in worlds from `first_seed` on; each has one or more."""
    tally = Tally()
    with Pool(processes) as pool:
        for world in pool.imap(simulated, range(first_seed, first_seed + rollouts), 10):
            tally.add(world)
            if tally.ended.total() >= rollouts:
                break
    return tally


def finding_seed(name: str) -> int | None:
    """The first world in which the planted bug of that name breaks its rule."""
    return next((seed for seed in range(FEW_SEEDS) if MUTATIONS[name].finds(seed)), None)


def _replay(seed: int) -> int:
    record = simulate(seed, trace=lambda at, told: print(f"{at:8.1f} s  {told}"))
    broken = violations(record)
    for violation in broken:
        print(f"VIOLATED  {violation}")
    return 1 if broken else 0


def _find_planted_bugs() -> bool:
    with Pool(cpu_count()) as pool:
        found = dict(zip(MUTATIONS, pool.imap(finding_seed, MUTATIONS), strict=True))
    for name, seed in found.items():
        print(f"  {MUTATIONS[name].broken.__name__:<45} {name}: {'NOT FOUND' if seed is None else f'seed {seed}'}")
    missed = [name for name, seed in found.items() if seed is None]
    print(f"{len(found) - len(missed)} of {len(found)} bugs planted in the real code were found by the rule they break")
    return not missed


def main() -> int:
    """0 if no rule was broken and every planted bug found; 1 otherwise."""
    parser = ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--rollouts", type=int, default=ROLLOUTS, help="how many at least (default: %(default)s)")
    parser.add_argument("--first-seed", type=int, default=0, help="where to begin (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="shows everything that happens in one world")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _replay(asked.seed)
    tally = simulate_many(asked.rollouts, first_seed=asked.first_seed, processes=cpu_count())
    print(*tally.lines(), sep="\n")
    return 0 if _find_planted_bugs() and not tally.broken else 1


if __name__ == "__main__":
    sys.exit(main())
