"""What Lambda refuses of a function's settings: the bounds of CreateFunction and UpdateFunctionConfiguration.

Bounds from "Lambda quotas". The service model admits more (5,400 s, 32,768 MB), for managed instances.
"""

import json
from typing import Any, Final

from localcloud import seams
from localcloud.functions.refusal import HttpAnswer, Refusal

_RANGES: Final = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
_STORAGE: Final = (512, 10_240)
_ENVIRONMENT_BYTES: Final = 4096


def install() -> None:
    """Makes both operations refuse settings out of bounds."""
    seams.create_function.wrap(_checking_create)
    seams.update_config.wrap(_checking_update)


def refusal_of_settings(request: dict[str, Any]) -> Refusal | None:
    """Why a function cannot have these settings; None when it can."""
    sized = [(name, request.get(name), bounds) for name, bounds in _RANGES.items()]
    sized.append(("EphemeralStorage.Size", (request.get("EphemeralStorage") or {}).get("Size"), _STORAGE))
    for name, value, (least, most) in sized:
        if value is not None and not least <= value <= most:
            text = f"Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
            bound = f"less than or equal to {most}" if value > most else f"greater than or equal to {least}"
            message = f"1 validation error detected: {text}Member must have value {bound}"
            return Refusal(code="ValidationException", message=message)
    variables = (request.get("Environment") or {}).get("Variables") or {}
    if len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()) > _ENVIRONMENT_BYTES:
        return Refusal(
            message="Lambda was unable to configure your environment variables because the environment variables you "
            "have provided exceeded the 4KB limit."
        )
    return None


def _checking_create(original: seams.Function) -> seams.Function:
    def create(request: dict[str, Any]) -> HttpAnswer:
        refusal = refusal_of_settings(request)
        answer: HttpAnswer = refusal.answer() if refusal else original(request)
        return answer

    return create


def _checking_update(original: seams.Function) -> seams.Function:
    def update(name: str, request: dict[str, Any]) -> HttpAnswer:
        refusal = refusal_of_settings(request)
        answer: HttpAnswer = refusal.answer() if refusal else original(name, request)
        return answer

    return update
