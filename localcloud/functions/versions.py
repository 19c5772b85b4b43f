"""Published versions: when publishing makes a new one, which number it gets, and when one may be deleted.

Rules from the operations PublishVersion, UpdateFunctionCode and DeleteFunction, and from "Manage Lambda function
versions".
"""

from typing import Any, Final

from localcloud import seams
from localcloud.functions.model import LATEST, Record
from localcloud.functions.records import function_arn
from localcloud.functions.refusal import HttpAnswer, Refusal

_SOURCE: Final = "localcloud_published_from"
_NOT_CONTENT: Final = frozenset({"Version", "FunctionArn", "RevisionId", "LastModified"})
"""What differs between two states of a function that are the same code and settings; besides the states themselves."""
_CREATED: Final = 201
_CONFLICT: Final = 409


class VersionNumbers:
    """The next version number of every function, deleted ones included: no number is ever given twice."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def note(self, function: Record) -> None:
        """Remembers how far the numbers of `function` have come."""
        self._next[function_arn(function["config"]["FunctionArn"])] = function["next_version"]

    def carry_on(self, function: Record) -> None:
        """Lets a function that is created anew go on where its predecessor of that name ended."""
        function["next_version"] = self._next.get(function_arn(function["config"]["FunctionArn"]), 1)


def install() -> None:
    """Makes publishing and deleting versions follow Lambda's rules."""
    numbers = VersionNumbers()
    seams.publish_version.wrap(_publishing_changes)
    seams.update_code.wrap(_publishing_after_update)
    seams.create_function.wrap(lambda original: _publishing_after_create(original, numbers))
    seams.delete_function.wrap(lambda original: _deleting(original, numbers))


def content_of(config: dict[str, Any]) -> dict[str, Any]:
    """What makes a version: code and settings, without identity, time and state."""
    return {
        name: value
        for name, value in config.items()
        if name not in _NOT_CONTENT and not name.startswith(("State", "LastUpdate"))
    }


def _publishing_changes(original: seams.Function) -> seams.Function:
    def publish(name: str, request: dict[str, Any]) -> HttpAnswer:
        function = seams.functions.value.get(name)
        refused: HttpAnswer | None = function and _refused(function, request)
        if function is None or refused:
            return refused or original(name, request)
        content, newest = content_of(function["config"]), _newest(function)
        if newest is not None and newest[_SOURCE] == content:
            unchanged: HttpAnswer = seams.json_response(newest["config"], _CREATED)
            return unchanged
        published: HttpAnswer = original(name, request)
        _mark(function, content)
        return published

    return publish


def _refused(function: Record, request: dict[str, Any]) -> HttpAnswer | None:
    stale: HttpAnswer | None = seams.check_revision(function["config"], request)
    wanted, current = request.get("CodeSha256"), function["config"]["CodeSha256"]
    if stale or not wanted or wanted == current:
        return stale
    text = (
        f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({current}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    return Refusal(message=text).answer()


def _newest(function: Record) -> Record | None:
    versions: dict[str, Record] = function["versions"]
    return versions[max(versions, key=int)] if versions else None


def _mark(function: Record, content: dict[str, Any]) -> None:
    """Remembers what the newest version was published from, and that it is ready, as there is nothing to wait for."""
    newest = _newest(function)
    if newest is not None:
        newest[_SOURCE] = content
        if newest["config"]["SnapStart"]["OptimizationStatus"] == "Off":
            newest["config"] |= {"State": "Active", "LastUpdateStatus": "Successful"}


def _publishing_after_update(original: seams.Function) -> seams.Function:
    """UpdateFunctionCode with Publish: an update, then PublishVersion with its rules."""

    def update(name: str, request: dict[str, Any]) -> HttpAnswer:
        answer: HttpAnswer = original(name, {**request, "Publish": False})
        return _published(name, answer) if request.get("Publish") else answer

    return update


def _publishing_after_create(original: seams.Function, numbers: VersionNumbers) -> seams.Function:
    def create(request: dict[str, Any]) -> HttpAnswer:
        answer: HttpAnswer = original({**request, "Publish": False})
        if answer[0] == _CREATED:
            numbers.carry_on(seams.functions.value[request["FunctionName"]])
        return _published(request["FunctionName"], answer) if request.get("Publish") else answer

    return create


def _published(name: str, answer: HttpAnswer) -> HttpAnswer:
    """Publishes, if the operation before succeeded, and answers as it did, with the version's number."""
    status = answer[0]
    if status not in (200, _CREATED):
        return answer
    seams.publish_version(name, {})
    function = seams.functions.value[name]
    newest = _newest(function) or function
    told: HttpAnswer = seams.json_response({**function["config"], "Version": newest["config"]["Version"]}, status)
    return told


def _deleting(original: seams.Function, numbers: VersionNumbers) -> seams.Function:
    def delete(name: str, query: dict[str, Any], path_qualifier: str | None = None) -> HttpAnswer:
        function = seams.functions.value.get(name)
        version = seams.request_qualifier(path_qualifier, query)
        if function is not None and version == LATEST:
            return Refusal(message="$LATEST version cannot be deleted without deleting the function.").answer()
        answer: HttpAnswer = original(name, query, path_qualifier)
        if function is not None:
            numbers.note(function)
        if function is None or answer[0] != _CONFLICT:
            return answer
        names = ", ".join(sorted(name for name, alias in function["aliases"].items() if _refers(alias, version)))
        text = f"Unable to delete version because the following aliases reference it: [{names}]"
        return Refusal(code="ResourceConflictException", message=text, status=_CONFLICT).answer()

    return delete


def _refers(alias: dict[str, Any], version: str) -> bool:
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return version == alias["FunctionVersion"] or version in weights
