"""The dashboard's body as a pure function (CloudWatch's dashboard body structure): two widgets a row, 24 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from canary.schema import FAULTS, LIVE_ALIAS, METRIC_NAMESPACE, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH: Final = 12
_HEIGHT: Final = 6

Widget = dict[str, Any]


def dashboard(
    region: str, *, functions: Sequence[str], tables: Sequence[str], api: str, stages: Sequence[str]
) -> dict[str, list[Widget]]:
    """Invocations, errors, durations and the split by version of each function, tables' capacity, the API's counts."""
    widgets = [
        _chart("Invocations", [["AWS/Lambda", "Invocations", "FunctionName", each] for each in functions]),
        _chart("Errors", [["AWS/Lambda", "Errors", "FunctionName", each] for each in functions]),
        _chart("Duration p99 (ms)", [["AWS/Lambda", "Duration", "FunctionName", each] for each in functions], "p99"),
        _chart("Requests by stage", [["AWS/ApiGateway", "Count", "ApiName", api, "Stage", each] for each in stages]),
        _chart("API errors", _api_errors(api, stages)),
        _chart("Table capacity used", [_capacity(table, kind) for table in tables for kind in ("Read", "Write")]),
        *(widget for each in functions for widget in _split(each)),
    ]
    placed = enumerate(widgets)
    return {"widgets": [_placed(widget, number, region) for number, widget in placed]}


def _chart(title: str, metrics: list[list[Any]], stat: str = "Sum") -> Widget:
    return {"type": "metric", "properties": {"title": title, "metrics": metrics, "stat": stat, "period": 60}}


def _split(function: str) -> tuple[Widget, Widget]:
    """What each version serves of what production calls: Lambda's own metric, and the function's faults."""
    versions = f'{{AWS/Lambda,ExecutedVersion,FunctionName,Resource}} Resource="{function}:{LIVE_ALIAS}"'
    ours = f'{{{METRIC_NAMESPACE},ExecutedVersion,FunctionName,Resource}} Resource="{function}:{LIVE_ALIAS}"'
    return (
        _chart(f"{function}: calls by version", [_search(f"{versions} MetricName=Invocations")]),
        _chart(
            f"{function}: requests and faults by version",
            [_search(f"{ours} MetricName={REQUESTS}"), _search(f"{ours} MetricName={FAULTS}")],
        ),
    )


def _search(query: str) -> list[Any]:
    return [{"expression": f"SEARCH('{query}', 'Sum', 60)"}]


def _api_errors(api: str, stages: Sequence[str]) -> list[list[Any]]:
    kinds = ("4XXError", "5XXError")
    return [["AWS/ApiGateway", kind, "ApiName", api, "Stage", stage] for stage in stages for kind in kinds]


def _capacity(table: str, kind: str) -> list[Any]:
    return ["AWS/DynamoDB", f"Consumed{kind}CapacityUnits", "TableName", table]


def _placed(widget: Widget, number: int, region: str) -> Widget:
    row, column = divmod(number, 2)
    place = {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
    return {**widget, **place, "properties": {**widget["properties"], "region": region, "view": "timeSeries"}}
