"""`canary plan`, `release`, `retry`, `watch`: from a request to a rollout that has ended, or that others carry on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import Annotated, Final

import typer

from canary.cli import options, output
from canary.cli.live import LiveView
from canary.config import parse_destinations
from canary.core.errors import AccessDenied, ConfigError, Unavailable
from canary.core.freeze import freeze_at
from canary.core.hooks import HookKind
from canary.core.model import FunctionName, Phase, RolloutId
from canary.core.request import ReleaseRequest, ask_again
from canary.core.rollout import Rollout
from canary.opening import check_headroom, doubtful_alarms, open_rollout, plan_rollout, unseen_faults
from canary.wiring import Wired, new_rollout_id

TAKEN_OVER_WITHIN: Final = timedelta(seconds=90)
"""How long the controller inside AWS may take to take a detached release over; its schedule looks each minute."""

Functions = Annotated[
    list[str],
    typer.Option("--function", "-f", help="A function to release, or FUNCTION:ALIAS; may be given several times."),
]
Alias = Annotated[str, typer.Option(help="Its alias [default: live].")]
Candidate = Annotated[str, typer.Option(help="The version to release [default: the newest published one].")]
Preview = Annotated[str, typer.Option("--preview-alias", help="The alias that serves the candidate before release.")]
StrategyText = Annotated[
    str,
    typer.Option(
        "--strategy", "-s", help="A CodeDeploy preset, linear:10%:1m, canary:10%:5m, or 1%:2m,10%:5m,100%:5m."
    ),
]
Bake = Annotated[str, typer.Option(help="How long 100 % is observed before it becomes final.")]
HoldBack = Annotated[
    str, typer.Option(help="A share, like 10%, that stays on stable during the last bake, to compare with.")
]
MinRequests = Annotated[
    int | None, typer.Option(help="Requests that the candidate must answer in each step.", show_default=False)
]
HoldLimit = Annotated[str, typer.Option(help="How long after its bake a step may stay inconclusive.")]
TickText = Annotated[str, typer.Option("--tick", help="How often to look [default: 10s].")]
Alarms = Annotated[list[str], typer.Option("--alarm", help="An alarm that guards the release; may be repeated.")]
Gate = Annotated[str, typer.Option(help="A command, URL or lambda:NAME that must succeed before any traffic.")]
Notify = Annotated[
    list[str],
    typer.Option(help="Where notices go: sns:TOPIC_ARN, events:BUS or webhook:SSM_PARAMETER; may be repeated."),
]
FixForward = Annotated[
    str, typer.Option(help="The reason to start although it is frozen, or an alarm is missing or in ALARM.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Leave it to the controller inside AWS, and return.")]


def plan(
    environment: options.Environment = "",
    config: options.Config = None,
    functions: Functions = [],  # noqa: B006 - typer reads the default, nobody writes it
    alias: Alias = "",
    candidate: Candidate = "",
    preview_alias: Preview = "",
    strategy: StrategyText = "",
    bake: Bake = "",
    hold_back: HoldBack = "",
    min_requests: MinRequests = None,
    hold_limit: HoldLimit = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Shows what a release would do, step by step, and changes nothing."""
    session = options.connect(environment, store, region)
    asked = options.Asked(
        config=config,
        functions=tuple(functions),
        alias=alias,
        candidate=candidate,
        preview_alias=preview_alias,
        strategy=strategy,
        bake=bake,
        hold_back=hold_back,
        min_requests=min_requests,
        hold_limit=hold_limit,
        tick="",
        alarms=(),
        gate="",
        notify=(),
        why="",
        fix_forward="",
    )
    world = session.wired.world
    request = options.request_of(asked, session.published)
    rollout = plan_rollout(request, world.router, world.metrics, world.clock, RolloutId("planned"))
    frozen = freeze_at(rollout.freeze, rollout.opened_at)
    doubts = (*check_headroom(rollout, world.capacity), unseen_faults(rollout), frozen)
    for doubt in filter(None, doubts):
        output.narrate(doubt)
    output.show_plan(rollout, as_json=as_json)


def release(
    environment: options.Environment = "",
    config: options.Config = None,
    functions: Functions = [],  # noqa: B006 - typer reads the default, nobody writes it
    alias: Alias = "",
    candidate: Candidate = "",
    preview_alias: Preview = "",
    strategy: StrategyText = "",
    bake: Bake = "",
    hold_back: HoldBack = "",
    min_requests: MinRequests = None,
    hold_limit: HoldLimit = "",
    tick: TickText = "",
    alarm: Alarms = [],  # noqa: B006 - as above
    gate: Gate = "",
    notify: Notify = [],  # noqa: B006 - as above
    why: options.Why = "",
    fix_forward: FixForward = "",
    detach: Detach = False,
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Releases the candidate: gate, shift, judge, and promote it or roll it back.

    Ctrl-C (or SIGTERM) aborts the rollout: all traffic goes back to the stable version.
    """
    session = options.connect(environment, store, region)
    asked = options.Asked(
        config=config,
        functions=tuple(functions),
        alias=alias,
        candidate=candidate,
        preview_alias=preview_alias,
        strategy=strategy,
        bake=bake,
        hold_back=hold_back,
        min_requests=min_requests,
        hold_limit=hold_limit,
        tick=tick,
        alarms=tuple(alarm),
        gate=gate,
        notify=tuple(notify),
        why=why,
        fix_forward=fix_forward,
    )
    _release(session, options.request_of(asked, session.published), detach=detach, as_json=as_json)


def retry(
    rollout: Annotated[str, typer.Argument(help="The rollout that was rolled back or aborted.")],
    why: options.Why = "no reason was given",
    notify: Notify = [],  # noqa: B006 - as above
    fix_forward: FixForward = "",
    detach: Detach = False,
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Releases the same candidates once more, by the same plan: the judge begins anew.

    Ctrl-C (or SIGTERM) aborts the rollout: all traffic goes back to the stable version.
    """
    session = options.connect(environment, store, region)
    ended = session.wired.world.store.load_rollout(RolloutId(rollout))
    if ended is None:
        raise ConfigError(f"there is no rollout {rollout}; canary history lists those there were")
    asked = ask_again(ended, by=options.caller(), why=why)
    told_to = tuple(dict.fromkeys((*asked.notify, *parse_destinations(notify))))
    told = replace(asked, notify=told_to, fix_forward=fix_forward or None)
    _release(session, options.guarded(told, session.published), detach=detach, as_json=as_json)


def _release(session: options.Session, request: ReleaseRequest, *, detach: bool, as_json: bool) -> None:
    controller = _controller_for(session, request) if detach else None
    wired = session.wired
    world = wired.world
    planned = plan_rollout(request, world.router, world.metrics, world.clock, new_rollout_id(world.clock.now()))
    alarmed = doubtful_alarms(world.alarms.read_alarms(planned.alarms))
    doubts = (*check_headroom(planned, world.capacity), *alarmed, unseen_faults(planned))
    rollout = open_rollout(planned, request, world.alarms, world.store, notifier=world.notifier, orders=world.orders)
    for told in filter(None, (*doubts, f"rollout {rollout.id} is open")):
        output.narrate(told)
    if controller is not None:
        _hand_over(wired, rollout.id, controller)
        output.show_status([rollout], world.clock.now(), as_json=as_json)
        return
    _finish(_follow(wired, rollout.id, abort_on_interrupt=True), wired, as_json=as_json)


def _controller_for(session: options.Session, request: ReleaseRequest) -> FunctionName:
    """The controller inside AWS that can carry the release on.

    Raises:
        ConfigError: none is known, or a hook runs on this machine only.
    """
    controller = session.published.controller if session.published is not None else None
    if controller is None:
        raise ConfigError("no controller inside AWS is known; name an environment that has one, or leave out --detach")
    if commands := [hook.name for hook in request.hooks if hook.kind is HookKind.COMMAND]:
        raise ConfigError(
            f"hook {commands[0]} is a command of this machine, which nobody runs for a detached release; "
            "give lambda:NAME or a URL, or leave out --detach"
        )
    return controller


def _hand_over(wired: Wired, rollout_id: RolloutId, controller: FunctionName) -> None:
    """Returns once the controller inside AWS has taken the rollout's lease; until then no traffic is shifted.

    Raises:
        Unavailable: nobody took it.
    """
    try:
        wired.wake(controller)
    except (AccessDenied, Unavailable) as refused:
        output.narrate(f"{refused}; its schedule will look within a minute")
    clock = wired.world.clock
    until = clock.now() + TAKEN_OVER_WITHIN
    while wired.world.store.read_lease(rollout_id) is None:
        if clock.now() >= until:
            raise Unavailable(
                f"rollout {rollout_id} is open at 0 %, and {controller} has not taken it over; look at its log, then "
                f"carry it on here (canary watch {rollout_id}) or end it (canary abort {rollout_id})"
            )
        clock.sleep(timedelta(seconds=1))
    output.narrate(f"{controller} carries it on; see canary status {rollout_id}")


def watch(
    rollout: options.Id = "",
    environment: options.Environment = "",
    store: options.Store = "",
    region: options.Region = "",
    as_json: options.AsJson = False,
) -> None:
    """Carries an open rollout on to its end, also one whose controller died. Ctrl-C stops watching, nothing else."""
    session = options.connect(environment, store, region)
    chosen = options.chosen_rollout(session.wired.world.store, rollout)
    _finish(_follow(session.wired, chosen, abort_on_interrupt=False), session.wired, as_json=as_json)


def _follow(wired: Wired, rollout_id: RolloutId, *, abort_on_interrupt: bool) -> Rollout:
    """Ticks until the end, showing each tick; hooks still running are ended with it."""
    with LiveView() as view, _interrupts():
        try:
            return _watch(wired, rollout_id, view)
        except KeyboardInterrupt:
            if not abort_on_interrupt:
                raise ConfigError(
                    f"stopped watching; rollout {rollout_id} is open still: "
                    f"canary watch {rollout_id} carries it on, canary abort {rollout_id} ends it"
                ) from None
            view.narrate("interrupted: all traffic goes back to the stable version")
            wired.controller.abort(rollout_id, by=options.caller(), why="the release command was interrupted")
            return _watch(wired, rollout_id, view)
        finally:
            wired.world.hooks.stop()
            wired.world.notifier.finish(options.NOTICES_WITHIN)


def _watch(wired: Wired, rollout_id: RolloutId, view: LiveView) -> Rollout:
    """Ticks until the end, then waits for on-rollback hooks; an interrupt leaves those alone."""
    rollout = wired.controller.watch(rollout_id, view.show)
    if rollout.due_hooks():
        view.narrate("traffic is back on the stable version; the on-rollback hooks run, Ctrl-C leaves them")
    with suppress(KeyboardInterrupt):
        wired.controller.aftermath.conclude(options.HOOKS_WITHIN)
    return rollout


def _finish(rollout: Rollout, wired: Wired, *, as_json: bool) -> None:
    output.show_report(wired.world.store, rollout, wired.world.clock.now(), as_json=as_json)
    if rollout.phase is not Phase.PROMOTED:
        raise typer.Exit(1)


@contextmanager
def _interrupts() -> Iterator[None]:
    """SIGTERM ends a release as Ctrl-C does: a cancelled CI job must not leave an alias split."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
