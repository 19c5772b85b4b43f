"""Who may invoke a function: its resource policy, which Lambda keeps by qualifier.

A statement for ``NAME:live`` allows neither ``NAME`` nor ``NAME:7`` ("Resource-based policies" of the Lambda guide).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from localcloud import seams
from localcloud.functions.refusal import HttpAnswer, Refusal

GATEWAY_SERVICE: Final = "apigateway.amazonaws.com"
_ACTIONS: Final = ("lambda:InvokeFunction", "lambda:*", "*")
_ARN_PARTS: Final = 5
_OK: Final = 200
_FIRST_REFUSAL: Final = 300


def install() -> None:
    """Keeps the permissions of each qualifier apart, and each policy's RevisionId."""
    seams.add_permission.wrap(_add_by_qualifier)
    seams.get_policy.wrap(_get_by_qualifier)
    seams.remove_permission.wrap(_remove_by_qualifier)


def gateway_may_invoke(policy: dict[str, Any], function_arn: str, source_arn: str) -> bool:
    """Whether `policy` lets API Gateway invoke exactly `function_arn`, qualifier included, for a request.

    Args:
        policy: The function's resource policy.
        function_arn: What the integration names.
        source_arn: ``arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/RESOURCE``.
    """
    return any(
        statement["Resource"] == function_arn
        and statement["Effect"] == "Allow"
        and statement["Action"] in _ACTIONS
        and statement["Principal"] in ("*", {"Service": GATEWAY_SERVICE})
        and _holds(statement.get("Condition", {}), source_arn)
        for statement in policy["Statement"]
    )


def arn_like(pattern: str, arn: str) -> bool:
    """IAM's ArnLike: ``*`` and ``?`` match within one of the six colon-separated parts, never beyond."""
    parts, wanted = arn.split(":", _ARN_PARTS), pattern.split(":", _ARN_PARTS)
    return len(parts) == len(wanted) and all(map(_part_like, wanted, parts))


def _part_like(pattern: str, part: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, part) is not None


def _holds(condition: dict[str, Any], source_arn: str) -> bool:
    pattern = condition.get("ArnLike", {}).get("AWS:SourceArn")
    account = condition.get("StringEquals", {}).get("AWS:SourceAccount")
    return (pattern is None or arn_like(pattern, source_arn)) and account in (None, source_arn.split(":")[4])


def _add_by_qualifier(original: seams.Function) -> seams.Function:
    def add(
        name: str, request: dict[str, Any], query: dict[str, Any] | None = None, path_qualifier: str | None = None
    ) -> HttpAnswer:
        qualifier = seams.request_qualifier(path_qualifier, query)
        with _only(name, qualifier):
            return _guarded(
                name, qualifier, request.get("RevisionId"), lambda: original(name, request, query, path_qualifier)
            )

    return add


def _remove_by_qualifier(original: seams.Function) -> seams.Function:
    def remove(name: str, sid: str, query: dict[str, Any], path_qualifier: str | None = None) -> HttpAnswer:
        qualifier = seams.request_qualifier(path_qualifier, query)
        wanted = next(iter(query.get("RevisionId") or ()), None)
        with _only(name, qualifier):
            return _guarded(name, qualifier, wanted, lambda: original(name, sid, query, path_qualifier))

    return remove


def _guarded(name: str, qualifier: str | None, wanted: str | None, change: Callable[[], HttpAnswer]) -> HttpAnswer:
    """What `change` answers; where a RevisionId is `wanted` that is not the policy's any more, a refusal."""
    if wanted is not None and wanted != _revisions(name).get(qualifier):
        text = (
            "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. "
            "Call the GetPolicy API to retrieve the latest RevisionId for your resource."
        )
        return Refusal(code="PreconditionFailedException", message=text, status=412).answer()
    answer = change()
    if answer[0] < _FIRST_REFUSAL:
        _revisions(name)[qualifier] = str(uuid4())
    return answer


def _revisions(name: str) -> dict[str | None, str]:
    """The RevisionId of each qualifier's policy: changed by every change of that policy, and by nothing else."""
    function = seams.functions.value.get(name) or {}
    revisions: dict[str | None, str] = function.setdefault("localcloud_policy_revisions", {})
    return revisions


def _get_by_qualifier(original: seams.Function) -> seams.Function:
    def get(name: str, query: dict[str, Any] | None = None, path_qualifier: str | None = None) -> HttpAnswer:
        qualifier = seams.request_qualifier(path_qualifier, query)
        with _only(name, qualifier) as statements:
            answer: HttpAnswer = original(name, query, path_qualifier)
        if answer[0] == _OK and not statements:
            text = "The resource you requested does not exist."
            return Refusal(code="ResourceNotFoundException", message=text, status=404).answer()
        if answer[0] != _OK:
            return answer
        revision = _revisions(name).setdefault(qualifier, str(uuid4()))
        told: HttpAnswer = seams.json_response(json.loads(answer[2]) | {"RevisionId": revision}, _OK)
        return told

    return get


@contextmanager
def _only(name: str, qualifier: str | None) -> Iterator[list[dict[str, Any]]]:
    """Leaves a function's policy with the statements of one qualifier for as long as an operation works on it.

    The control plane runs on one thread and does not wait inside an operation, so nobody sees the others missing.
    """
    function = seams.functions.value.get(name)
    if function is None:
        yield []
        return
    policy, arn = function["policy"], ":".join(filter(None, [function["config"]["FunctionArn"], qualifier]))
    others = [statement for statement in policy["Statement"] if statement["Resource"] != arn]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Resource"] == arn]
    try:
        yield policy["Statement"]
    finally:
        policy["Statement"] = [*others, *policy["Statement"]]
