"""Values that several tests of the embedded CloudWatch build."""

from typing import Any

from localcloud.observe.alarms.rule import AlarmRule, alarm_rule


def stored_alarm(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as PutMetricAlarm takes them
    """A PutMetricAlarm request for: Errors of function f, Sum of 60 s above 5, three of three."""
    alarm: dict[str, Any] = {
        "AlarmName": "errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return {name: value for name, value in (alarm | changes).items() if value is not None}


def rule(**changes: Any) -> AlarmRule:  # noqa: ANN401 - as PutMetricAlarm takes them
    return alarm_rule(stored_alarm(**changes))


def math_alarm(expression: str, *metrics: str, period: int = 60, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A PutMetricAlarm request that watches `expression` over AWS/Lambda metrics, each under its lower-case name."""
    queries: list[dict[str, Any]] = [{"Id": "watched", "Expression": expression, "ReturnData": True}]
    queries += [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": name,
                    "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
                },
                "Period": period,
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for name in metrics
    ]
    single = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"))
    return stored_alarm(**single | {"Metrics": queries} | changes)
