"""What Lambda refuses of an alias: the rules of CreateAlias and UpdateAlias.

Rules from "Configure Lambda function aliases" and "Using Lambda alias routing configuration", shapes from the service
model. Where the wording of Lambda is not documented, the message says the rule.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from localcloud import seams
from localcloud.functions.model import LATEST, Record
from localcloud.functions.refusal import HttpAnswer, Refusal

_NAME: Final = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}")


def install() -> None:
    """Makes CreateAlias and UpdateAlias refuse what Lambda refuses."""
    seams.create_alias.wrap(_checking_create)
    seams.update_alias.wrap(_checking_update)


def refusal_of_name(name: str) -> Refusal | None:
    """Why an alias cannot have this name; None when it can."""
    if _NAME.fullmatch(name):
        return None
    text = (
        f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    )
    return Refusal(code="ValidationException", message=text)


def refusal_of_routing(function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    """Why an alias cannot point to `version` with these additional weights; None when it can.

    Args:
        function: The function's record.
        version: The version that the alias points to.
        weights: Additional version -> share of the calls, 0.0 to 1.0.
    """
    checks: tuple[Callable[[Record, str, dict[str, float]], Refusal | None], ...] = (
        _unknown_version,
        _too_many,
        _out_of_range,
        _unpublished,
        _same_twice,
        _different_role,
        _different_dead_letters,
    )
    return next((refusal for check in checks if (refusal := check(function, version, weights))), None)


def _unknown_version(function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    for wanted in (version, *weights):
        if wanted not in (LATEST, *function["versions"]):
            arn = f"{function['config']['FunctionArn']}:{wanted}"
            return Refusal(code="ResourceNotFoundException", message=f"Function not found: {arn}", status=404)
    return None


def _too_many(_function: Record, _version: str, weights: dict[str, float]) -> Refusal | None:
    if len(weights) <= 1:
        return None
    return Refusal(message=f"An alias can have at most 1 additional version, not {len(weights)}.")


def _out_of_range(_function: Record, _version: str, weights: dict[str, float]) -> Refusal | None:
    if all(0.0 <= weight <= 1.0 for weight in weights.values()):
        return None
    text = (
        f"1 validation error detected: Value '{weights}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
        "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        "Member must have value greater than or equal to 0.0]"
    )
    return Refusal(code="ValidationException", message=text)


def _unpublished(_function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    if not weights or LATEST not in (version, *weights):
        return None
    return Refusal(message="$LATEST is not supported for an alias pointing to more than 1 version")


def _same_twice(_function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    if version not in weights:
        return None
    return Refusal(message=f"The additional version must differ from the alias's own version {version}.")


def _different_role(function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    if _agree(function, (version, *weights), lambda config: config.get("Role")):
        return None
    return Refusal(message="Specified versions must be associated with the same execution role")


def _different_dead_letters(function: Record, version: str, weights: dict[str, float]) -> Refusal | None:
    if _agree(function, (version, *weights), lambda config: (config.get("DeadLetterConfig") or {}).get("TargetArn")):
        return None
    text = "Specified versions must have the same dead-letter queue configuration, or none"
    return Refusal(message=text)


def _agree(function: Record, versions: tuple[str, ...], read: Callable[[dict[str, Any]], object]) -> bool:
    configs = [
        function["config"] if version == LATEST else function["versions"][version]["config"] for version in versions
    ]
    return len({read(config) for config in configs}) == 1


def _checking_create(original: seams.Function) -> seams.Function:
    def create(function_name: str, request: dict[str, Any]) -> HttpAnswer:
        function = seams.functions.value.get(function_name)
        name, refusal = request.get("Name", ""), None
        if function is not None and name not in function["aliases"]:
            version = request.get("FunctionVersion", "")
            refusal = refusal_of_name(name) or refusal_of_routing(function, version, _weights(request))
        answer: HttpAnswer = refusal.answer() if refusal else original(function_name, request)
        return answer

    return create


def _checking_update(original: seams.Function) -> seams.Function:
    """A stale RevisionId is told before anything else about the request, and weights that are not given stay."""

    def update(function_name: str, alias_name: str, request: dict[str, Any]) -> HttpAnswer:
        function = seams.functions.value.get(function_name) or {}
        alias = function.get("aliases", {}).get(alias_name)
        refusal = None
        if alias is not None and not seams.check_revision(alias, request):
            weights = _weights(alias if request.get("RoutingConfig") is None else request)
            refusal = refusal_of_routing(function, request.get("FunctionVersion", alias["FunctionVersion"]), weights)
        answer: HttpAnswer = refusal.answer() if refusal else original(function_name, alias_name, request)
        return answer

    return update


def _weights(shape: dict[str, Any]) -> dict[str, float]:
    weights = (shape.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {str(version): float(weight) for version, weight in weights.items()}
