"""ministack's function records, read: which function, which version, under which name it was called."""

from localcloud import seams
from localcloud.functions.model import LATEST, Record

_ARN_PARTS = 7
"""``arn:aws:lambda:REGION:ACCOUNT:function:NAME``, before any qualifier."""


def function_arn(arn: str) -> str:
    """`arn` without its version or alias."""
    return ":".join(arn.split(":")[:_ARN_PARTS])


def qualifier_of(arn: str) -> str | None:
    """The version or alias that `arn` ends with; None when it names the function only."""
    parts = arn.split(":")
    return parts[_ARN_PARTS] if len(parts) > _ARN_PARTS else None


def function_record(arn: str) -> Record | None:
    """The record of the function that `arn` names, in its own account and region; None when there is none."""
    _, _, _, region, account, _, name = arn.split(":")[:_ARN_PARTS]
    found: Record | None = seams.functions.value.get_scoped(account, region, name)
    return found


def version_record(function: Record, version: str) -> Record | None:
    """The record of one version; of ``$LATEST`` that is the function's own. None when it does not exist."""
    if version == LATEST:
        return function
    found: Record | None = function["versions"].get(version)
    return found


def named(record: Record, arn: str, *, function: Record) -> Record:
    """`record` as called by `arn`: handlers see that name; reserved concurrency is the whole function's."""
    return {
        **record,
        "config": {**record["config"], "FunctionArn": arn},
        "concurrency": function.get("concurrency"),
    }
