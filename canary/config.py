"""Text -> typed request: rollout.toml, command-line words, and what a stack published. Every parse happens here."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from canary import schema
from canary.core.capacity import Capacity
from canary.core.destination import Destination
from canary.core.errors import ConfigError
from canary.core.freeze import FreezeWindow
from canary.core.hooks import Hook, HookStage
from canary.core.judge import Attribution, JudgeSettings
from canary.core.model import AliasName, FunctionName, Metric, MetricSpec, Version, Weight
from canary.core.plan import Shift, Strategy, canary_strategy, linear_strategy, strategy_named
from canary.core.request import ReleaseRequest, TargetRequest
from canary.core.rollout import OnInconclusive, OnSilence, Policy
from canary.parsing import Table, parse_duration

DEFAULT_STRATEGY: Final = "Canary10Percent5Minutes"
_ALL: Final = Decimal(100)
_SHIFT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%\s*(?::\s*([^:=\s]+))?(:\s*approve(?:=(\S+))?)?")
_PLACE: Final = re.compile(r"([a-zA-Z0-9_-]{1,64})(?::([a-zA-Z0-9_-]{1,128}))?")
"""Lambda's names of functions and aliases (API reference, CreateFunction and CreateAlias)."""
_APPROVE_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedStack:
    """What a stack published for releases of its environment (`canary.schema.release_parameter`)."""

    environment: str
    store: str
    targets: tuple[TargetRequest, ...]
    alarms: tuple[str, ...]
    live_url: str
    preview_url: str
    controller: FunctionName | None = None
    notify: tuple[Destination, ...] = ()
    freeze: tuple[FreezeWindow, ...] = ()


def parse_place(text: str, alias: str = "") -> tuple[FunctionName, AliasName]:
    """``NAME`` or ``NAME:ALIAS``, where `alias` was named beside it or not at all; `live` where neither names one.

    Raises:
        ConfigError: an ARN, no name of a function, no alias, or two aliases.
    """
    if ":function:" in text:
        name = text.partition(":function:")[2].partition(":")[0]
        raise ConfigError(
            f"{text!r:.200} is an ARN; name the function alone ({name or 'NAME'}, or NAME:ALIAS): account and region "
            "are those of the AWS settings"
        )
    matched = _PLACE.fullmatch(text)
    if matched is None:
        raise ConfigError(f"{text!r:.200} is no function's name; write NAME, or NAME:ALIAS")
    if matched[2] and alias and matched[2] != alias:
        raise ConfigError(f"{text} and alias {alias} are two aliases; name one")
    chosen = matched[2] or alias or schema.LIVE_ALIAS
    if chosen.isdecimal():
        raise ConfigError(
            f"{chosen} is a version of {matched[1]}, no alias; name the version to release by --candidate"
        )
    return FunctionName(matched[1]), AliasName(chosen)


def parse_weight(text: str) -> Weight:
    """``10%`` or ``0.5%``, in steps of 0.01 %."""
    matched = _SHIFT.fullmatch(text.strip())
    if matched is None or matched[2] is not None:
        raise ConfigError(f"{text!r} is no weight; write it like 10%")
    return _weight(matched[1])


def parse_strategy(text: str) -> Strategy:
    """A preset's name, ``canary:10%:5m``, ``linear:10%:1m``, or steps such as ``1%:2m,10%:5m:approve=2h,100%:5m``.

    Steps that do not end at 100 % get a last one, with the bake of the step before it.
    """
    if "%" not in text:
        return strategy_named(text)
    kind, _, rest = text.partition(":")
    if kind in ("canary", "linear"):
        shift = _parse_shift(rest)
        make = canary_strategy if kind == "canary" else linear_strategy
        return make(shift.weight, shift.bake, name=text)
    shifts = [_parse_shift(part) for part in text.split(",")]
    if shifts[-1].weight != Weight.percent(100):
        shifts.append(Shift(weight=Weight.percent(100), bake=shifts[-1].bake))
    return Strategy(name=text, shifts=tuple(shifts))


def _parse_shift(text: str) -> Shift:
    matched = _SHIFT.fullmatch(text.strip())
    if matched is None:
        raise ConfigError(f"{text.strip()!r} is no step; write it as weight:bake, like 10%:5m or 10%:5m:approve=2h")
    return Shift(
        weight=_weight(matched[1]),
        bake=parse_duration(matched[2]) if matched[2] else timedelta(0),
        approval=(parse_duration(matched[4]) if matched[4] else _APPROVE_WITHIN) if matched[3] else None,
    )


def _weight(percent: str) -> Weight:
    share = Decimal(percent)
    if share > _ALL:
        raise ConfigError(f"a weight of {percent:.20} % is outside 0..100 %; give a percentage in that range")
    if (basis_points := share * 100) != int(basis_points):
        raise ConfigError(f"a weight of {percent:.20} % is finer than 0.01 %, which aliases cannot hold")
    return Weight(int(basis_points))


def parse_published(text: str, name: str) -> PublishedStack:
    """The value of the SSM parameter `name`.

    Raises:
        ConfigError: not what `canary.schema.release_parameter` documents.
    """
    try:
        published = json.loads(text)
        if published["schema"] != schema.RELEASE_SCHEMA:
            raise ConfigError(f"parameter {name} has schema {published['schema']!r}, wanted {schema.RELEASE_SCHEMA!r}")
        return PublishedStack(
            environment=published["environment"],
            store=published["store"],
            targets=tuple(_target(Table(name, target)) for target in published["targets"]),
            alarms=tuple(published["alarms"]),
            live_url=published["live_url"],
            preview_url=published["preview_url"],
            controller=FunctionName(published["controller"]) if "controller" in published else None,
            notify=parse_destinations(published.get("notify", ())),
            freeze=_freeze(published.get("freeze", ())),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"parameter {name} is not what a stack publishes ({error!r}); deploy the stack anew"
        ) from error


def parse_destinations(texts: Iterable[str]) -> tuple[Destination, ...]:
    """Where notices go; empty texts are nothing.

    Raises:
        ConfigError: one of them is no destination.
    """
    return tuple(Destination.parse(text) for text in texts if text.strip())


def read_release_file(path: Path) -> Mapping[str, Any]:
    """The tables of a rollout.toml.

    Raises:
        ConfigError: no such file, or no TOML; the text names the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; name another file with --config") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error


def parse_request(
    tables: Mapping[str, Any], where: str, *, by: str, targets: tuple[TargetRequest, ...]
) -> ReleaseRequest:
    """The request that a rollout.toml (or an empty one) makes; `targets` stand in where it names none.

    Raises:
        ConfigError: an unknown key or a value of the wrong kind; the text names file, key, what was given and wanted.
    """
    top = Table(where, tables)
    own_targets = tuple(_target(table) for table in top.tables("targets"))
    request = ReleaseRequest(
        targets=own_targets or targets,
        strategy=_strategy(top),
        judge=_judge(top.table("slo")),
        policy=_policy(top),
        alarms=top.texts("alarms"),
        hooks=tuple(_hook(table) for table in top.tables("hooks")),
        by=by,
        reason=top.text("reason", ""),
        notify=_notify(top.table("notify")),
        freeze=_freeze(top.texts("freeze")),
        capacity=_capacity(top.table("capacity")),
        **top.given(min_requests=top.whole("min_requests"), hold_limit=top.duration("hold_limit")),
    )
    top.refuse_unknown()
    return request


def _strategy(top: Table) -> Strategy:
    steps = top.texts("steps")
    named = top.text("strategy", DEFAULT_STRATEGY)
    strategy = parse_strategy(",".join(steps) if steps else named)
    bake, held_back = top.duration("bake"), top.text("hold_back", "")
    if held_back:
        strategy = strategy.holding_back(parse_weight(held_back))
    return strategy if bake is None else strategy.with_final_bake(bake)


def _notify(table: Table) -> tuple[Destination, ...]:
    destinations = parse_destinations(table.texts("to"))
    table.refuse_unknown()
    return destinations


def _freeze(texts: Iterable[str]) -> tuple[FreezeWindow, ...]:
    return tuple(FreezeWindow.parse(text) for text in texts)


def _capacity(table: Table) -> Capacity | None:
    provisioned, ready_within = table.whole("provisioned"), table.duration("ready_within")
    table.refuse_unknown()
    if provisioned is None and ready_within is not None:
        raise ConfigError(f"{table.where}: ready_within without provisioned; say how many")
    return None if provisioned is None else Capacity(provisioned=provisioned, **table.given(ready_within=ready_within))


def _policy(top: Table) -> Policy:
    chosen = top.choice("on_inconclusive", OnInconclusive)
    on_silence = top.choice("on_silence", OnSilence)
    return Policy(**top.given(on_inconclusive=chosen, on_silence=on_silence, tick=top.duration("tick")))


def _judge(slo: Table) -> JudgeSettings:
    default = JudgeSettings()
    limits = {spec.metric: spec.limit for spec in default.specs}
    for metric in Metric:
        limits[metric] = slo.share(metric.value, limits[metric])
    specs = tuple(MetricSpec(metric=metric, limit=limit) for metric, limit in limits.items())
    settings = replace(
        default,
        specs=specs,
        alpha=slo.share("alpha", default.alpha),
        tolerance=slo.share("tolerance", default.tolerance),
        attribution=slo.choice("attribution", Attribution) or default.attribution,
    )
    slo.refuse_unknown()
    return settings


def _target(table: Table) -> TargetRequest:
    preview = table.text("preview_alias", "")
    candidate = table.text("candidate", "")
    function, alias = parse_place(table.text("function"), table.text("alias", ""))
    target = TargetRequest(
        function=function,
        alias=alias,
        preview_alias=AliasName(preview) if preview else None,
        candidate=Version(candidate) if candidate else None,
        min_requests=table.whole("min_requests"),
    )
    table.refuse_unknown()
    return target


def _hook(table: Table) -> Hook:
    hook = Hook(
        name=table.text("name"),
        stage=table.choice("stage", HookStage) or HookStage.BEFORE_TRAFFIC,
        run=table.text("run"),
        **table.given(deadline=table.duration("deadline")),
    )
    table.refuse_unknown()
    return hook
