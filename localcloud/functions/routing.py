"""Which version runs behind an alias: chosen for every execution anew, on every path.

An alias stays an alias until the moment of execution, so retries and queued events follow the weights of the moment in
which they run, and the control plane keeps telling the primary version.
"""

import random
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from localcloud import seams
from localcloud.functions.model import LATEST, Record
from localcloud.functions.records import function_record, named, qualifier_of, version_record
from localcloud.functions.refusal import HttpAnswer
from localcloud.observe.metrics import record_throttle

_ROUTED: Final = "localcloud_routed"
_ACCEPTED: Final = 202
_executed: Final[ContextVar[list[str] | None]] = ContextVar("executed_version", default=None)


@dataclass(frozen=True, slots=True)
class VersionChooser:
    """Draws versions by weight: independently, without stickiness, as Lambda documents it.

    With a seed every alias has a sequence of its own, whatever else is invoked beside it.
    """

    seed: int | None = None
    _draws: dict[str, random.Random] = field(default_factory=dict)

    def choose(self, alias: dict[str, Any]) -> str:
        """A version of `alias`, as the control plane stores it."""
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        draw = self._draw(alias["AliasArn"]) if weights else 1.0
        for version, weight in weights.items():
            if draw < float(weight):
                return str(version)
        return str(alias["FunctionVersion"])

    def _draw(self, alias_arn: str) -> float:
        if alias_arn not in self._draws:
            seed = None if self.seed is None else f"{self.seed}:{alias_arn}"
            self._draws.setdefault(alias_arn, random.Random(seed))  # noqa: S311 - a traffic split, not a secret
        return self._draws[alias_arn].random()


def install(chooser: VersionChooser) -> None:
    """Makes weights count for everything that invokes through an alias."""
    seams.qualified_record.wrap(_keeping_the_name)
    seams.execute_function.wrap(lambda original: _routing(chooser, original))
    seams.invoke.wrap(_telling_the_version)


def _keeping_the_name(original: seams.Function) -> seams.Function:
    """The record of a qualified function, under the name that it was asked for by."""

    def qualified(function: Record | None, qualifier: str | None) -> tuple[Record | None, dict[str, Any] | None]:
        record, config = original(function, qualifier)
        if function is None or record is None or qualifier in (None, LATEST):
            return record, config
        result = named(record, f"{function['config']['FunctionArn']}:{qualifier}", function=function)
        return result, result["config"]

    return qualified


def _routing(chooser: VersionChooser, original: seams.Function) -> seams.Function:
    def execute(record: Record, event: object) -> dict[str, Any]:
        if _ROUTED in record:
            again: dict[str, Any] = original(record, event)
            return again
        routed = _routed(record, chooser)
        result: dict[str, Any] = original({**routed, _ROUTED: True}, event)
        config = routed["config"]
        if (executed := _executed.get()) is not None:
            executed.append(config["Version"])
        if result.get("throttle"):
            record_throttle(function=config["FunctionName"], qualifier=qualifier_of(config["FunctionArn"]))
        return result

    return execute


def _routed(record: Record, chooser: VersionChooser) -> Record:
    """`record` or, behind an alias, the version that this execution gets."""
    arn = record["config"]["FunctionArn"]
    function = function_record(arn)
    if function is None:
        return record
    alias = function["aliases"].get(qualifier_of(arn))
    target = version_record(function, chooser.choose(alias)) if alias else record
    return named(target or record, arn, function=function)


def _telling_the_version(original: seams.Function) -> seams.Function:
    """Invoke, with the version that really ran in its answer; an accepted event has run none yet."""

    async def invoke(*arguments: object, **options: object) -> HttpAnswer:
        executed: list[str] = []
        token = _executed.set(executed)
        try:
            status, headers, body = await original(*arguments, **options)
        finally:
            _executed.reset(token)
        if status == _ACCEPTED:
            headers.pop("X-Amz-Executed-Version", None)
        elif executed:
            headers["X-Amz-Executed-Version"] = executed[0]
        return status, headers, body

    return invoke
