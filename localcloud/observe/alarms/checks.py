"""What PutMetricAlarm refuses. Pure.

Rules as in the API reference of PutMetricAlarm and the CloudWatch user guide. What AWS offers and this evaluator cannot
do is refused too, by name, so that no alarm looks alive that never fires.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from localcloud.observe.alarms.evaluate import evaluation_range
from localcloud.observe.alarms.rule import COMPARISONS, AlarmRule, MissingData, alarm_rule
from localcloud.observe.errors import (
    ApiError,
    invalid_combination,
    missing_parameter,
    validation_error,
)
from localcloud.observe.mathexpr import MathError
from localcloud.observe.model import Plain
from localcloud.observe.query import MathQuery, MetricQuery, Span, Timeline
from localcloud.observe.statistics import Kind, Statistic
from localcloud.observe.store import MINUTE

METRICS_PER_ALARM: Final = 10
HOUR: Final = 3600
DAY: Final = 24 * HOUR
TAGS_PER_ALARM: Final = 50
HIGH_RESOLUTION_PERIODS: Final = (10, 20, 30)
ACTIONS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")
_ARN: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\w*:.+")
_SINGLE: Final = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_UNSUPPORTED: Final = ("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "WarmUpConfiguration")
_RANGE_PERCENT: Final = (Decimal(10), Decimal(90))


def check_metric_alarm(request: Plain) -> AlarmRule:
    """The rule that the request asks for.

    Raises:
        ApiError: What CloudWatch would refuse, or what the embedded cloud cannot evaluate.
    """
    _check_supported(request)
    for name in ("ComparisonOperator", "Threshold", "EvaluationPeriods"):
        if request.get(name) is None:
            raise missing_parameter(f"The parameter {name} is required.")
    if bool(request.get("MetricName")) == bool(request.get("Metrics")):
        raise invalid_combination("Exactly one of the parameters MetricName and Metrics must be specified.")
    _check_choices(request)
    if request.get("Metrics"):
        _check_math(request)
    else:
        _check_single(request)
    rule = alarm_rule(request)
    _check_statistics(rule)
    _check_periods(rule)
    check_actions(request)
    _check_value(rule)
    return rule


def check_actions(request: Plain) -> None:
    """Refuses an action that is no ARN."""
    for name in ACTIONS:
        for action in request.get(name, []):
            if not _ARN.fullmatch(action):
                raise validation_error(f"Invalid arn syntax: {action} in {name}")


def check_tags(tags: Sequence[Plain]) -> None:
    """Refuses too many tags and reserved keys."""
    if len(tags) > TAGS_PER_ALARM:
        raise validation_error(f"The resultant tag set must not have more than {TAGS_PER_ALARM} user tags.")
    if any(tag["Key"].lower().startswith("aws:") for tag in tags):
        raise ApiError("AccessDenied", 'The provided tag keys must not start with any case of "aws:"', 403)


def _check_supported(request: Plain) -> None:
    for name in _UNSUPPORTED:
        if request.get(name) is not None:
            raise validation_error(f"{name} is not supported by the embedded cloud.")
    if "WallClockWindow" in request.get("EvaluationWindow", {}):
        raise validation_error("EvaluationWindow.WallClockWindow is not supported by the embedded cloud.")
    comparison = request.get("ComparisonOperator", next(iter(COMPARISONS)))
    if comparison not in COMPARISONS:
        raise validation_error(f"{comparison} needs anomaly detection, which the embedded cloud does not support.")


def _check_choices(request: Plain) -> None:
    missing = request.get("TreatMissingData", MissingData.MISSING)
    if missing not in tuple(MissingData):
        raise validation_error(f"Option {missing} is not supported for TreatMissingData: use {', '.join(MissingData)}.")
    few = request.get("EvaluateLowSampleCountPercentile")
    if few not in (None, "evaluate", "ignore"):
        raise validation_error(
            f"Option {few} is not supported for EvaluateLowSampleCountPercentile: use evaluate or ignore."
        )
    if few and not re.fullmatch(r"p[\d.]+", request.get("ExtendedStatistic", "")):
        raise invalid_combination("EvaluateLowSampleCountPercentile needs a percentile as ExtendedStatistic.")


def _check_single(request: Plain) -> None:
    for name in ("Namespace", "Period"):
        if request.get(name) is None:
            raise missing_parameter(f"The parameter {name} is required for an alarm with MetricName.")
    if bool(request.get("Statistic")) == bool(request.get("ExtendedStatistic")):
        raise invalid_combination("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.")


def _check_math(request: Plain) -> None:
    named = [name for name in _SINGLE if request.get(name)]
    if named:
        raise invalid_combination(f"The parameters {', '.join(named)} cannot be used together with Metrics.")
    returned = [item["Id"] for item in request["Metrics"] if item.get("ReturnData", True)]
    if len(returned) != 1:
        raise validation_error(
            f"Exactly one element of Metrics must have ReturnData true; it is true for {', '.join(returned) or 'none'}."
        )
    if any(
        action.startswith(("arn:aws:automate:", "arn:aws:swf:")) for name in ACTIONS for action in request.get(name, [])
    ):
        raise validation_error("EC2 actions cannot be used with an alarm on a metric math expression.")


def _check_statistics(rule: AlarmRule) -> None:
    metric = rule.metric
    if metric is not None and not _is_allowed(metric.statistic):
        raise validation_error(
            f"The value {metric.stat_text} for parameter ExtendedStatistic is not supported in an alarm: "
            "ranges take percentages from 10% to 90%, PR takes values."
        )


def _is_allowed(statistic: Statistic) -> bool:
    if statistic.is_basic or statistic.low is None or statistic.kind is Kind.PERCENTILE_RANK:
        return statistic.is_basic or statistic.percent or statistic.kind is Kind.PERCENTILE_RANK
    low, high = _RANGE_PERCENT
    return statistic.percent and all(low <= bound <= high for bound in (statistic.low, statistic.high) if bound)


def _check_periods(rule: AlarmRule) -> None:
    metrics = [query for query in rule.queries if isinstance(query, MetricQuery)]
    if len(metrics) > METRICS_PER_ALARM:
        raise validation_error(f"An alarm can use at most {METRICS_PER_ALARM} metrics, not {len(metrics)}.")
    periods = {query.period for query in rule.queries if query.period is not None}
    if len(periods) > 1:
        raise validation_error(f"All metrics of an alarm must have the same period, not {sorted(periods)}.")
    if not periods:
        raise missing_parameter("An alarm without a metric needs Period in its expression.")
    if rule.period not in HIGH_RESOLUTION_PERIODS and rule.period % MINUTE:
        raise validation_error(f"The period {rule.period} is not valid: use 10, 20, 30 or a multiple of 60 seconds.")
    if rule.datapoints_to_alarm > rule.evaluation_periods:
        raise validation_error("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    longest = DAY if rule.period < HOUR else 7 * DAY
    if rule.period * rule.evaluation_periods > longest:
        raise validation_error(
            f"Metrics cannot be checked across more than {longest} seconds: Period times EvaluationPeriods is "
            f"{rule.period * rule.evaluation_periods}."
        )


def _check_value(rule: AlarmRule) -> None:
    """Computes every expression once without data: types do not depend on it, unknown names show."""
    empty = Timeline(lambda *_: [])
    every = [query.identifier for query in rule.queries if isinstance(query, MathQuery)]
    try:
        evaluation_range(rule, empty, Span(0, rule.period))
    except MathError as error:
        raise validation_error(f"{error} (expressions: {', '.join(every)})") from error
