"""Which IAM action a call is, and on which resource, where ministack's own answer differs from AWS's.

Lambda, by botocore's own model: ministack takes every GET below ``/aliases`` for ListAliases and knows no qualifier.
AWS compares function *and* qualifier with a policy's resource: ``GetFunctionConfiguration`` of version 7 is a call on
``function:F:7`` (Lambda guide, "Resources and conditions for Lambda actions").

CloudWatch: ministack looks for an alarm's name in the Query protocol only. A call that names several alarms is judged
by the first.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel

from localcloud import seams
from localcloud.observe.errors import ApiError
from localcloud.observe.wire import read_call

_OTHER_NAMES: Final = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}
"""Operations whose IAM action has another name (Service Authorization Reference, Lambda)."""


def install() -> None:
    """Lets the enforcement of IAM policies see the calls as AWS sees them."""
    seams.lambda_action.wrap(lambda original: lambda method, path: action_of(method, path) or original(method, path))
    seams.resource_arn.wrap(_resource)


def action_of(method: str, path: str) -> str | None:
    """The action's name without its prefix; None for a path that no operation of Lambda has."""
    bare = path.rstrip("/")
    for verb, pattern, action in _routes():
        if verb == method and pattern.fullmatch(bare):
            return action
    return None


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """(method, path, action) of every operation; fixed parts of a path come before names."""
    model = ServiceModel(Loader().load_service_model("lambda", "service-2"))
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(uri)))
        found.append((uri.count("{"), http["method"], pattern, _OTHER_NAMES.get(name, name)))
    return tuple((method, pattern, action) for _, method, pattern, action in sorted(found, key=lambda route: route[0]))


def _resource(original: seams.Function) -> seams.Function:
    def resource(service: str, method: str, *call: Any) -> str:  # noqa: ANN401 - ministack is untyped
        path, headers, body, query, region, account = call
        if service == "monitoring" and (name := _alarm_named(path, headers, body, query)):
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
        arn: str = original(service, method, *call)
        return _with_qualifier(arn, query) if service == "lambda" and ":function:" in arn else arn

    return resource


def _alarm_named(path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> str | None:
    try:
        payload = read_call(path, headers, body, query).payload
    except ApiError:
        return None
    if not isinstance(payload, Mapping):
        return None
    several = payload.get("AlarmNames")
    name = payload.get("AlarmName") or (several[0] if isinstance(several, list) and several else None)
    return name if isinstance(name, str) else None


def _with_qualifier(arn: str, query: Mapping[str, Any]) -> str:
    qualifier = query.get("Qualifier", "")
    told = unquote(qualifier[0] if isinstance(qualifier, list) else qualifier)
    return f"{arn}:{told}" if told and ":" not in arn.partition(":function:")[2] else arn
