"""Metric math against the tables of the CloudWatch user guide, and properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.mathexpr import Evaluator, MathError, Series, Value, names_in, parse

GRID = range(0, 300, 60)
Points = list[float | None]


def series(points: Points) -> Series:
    return {at: float(value) for at, value in zip(GRID, points, strict=True) if value is not None}


def evaluator(expressions: dict[str, str] | None = None, **metrics: Points) -> Evaluator:
    return Evaluator(
        {name: series(points) for name, points in metrics.items()},
        dict.fromkeys(metrics, 60),
        {name: parse(text) for name, text in (expressions or {}).items()},
        GRID,
    )


def evaluate(text: str, **metrics: Points) -> Value:
    return evaluator({"result": text}, **metrics).value("result")


def points(text: str, **metrics: Points) -> Points:
    value = evaluate(text, **metrics)
    assert isinstance(value, dict)
    return [value.get(at) for at in GRID]


def scalar(text: str, **metrics: Points) -> float:
    value = evaluate(text, **metrics)
    assert isinstance(value, float)
    return value


def arrays(text: str, **metrics: Points) -> list[Points]:
    value = evaluate(text, **metrics)
    assert isinstance(value, list)
    return [[one.get(at) for at in GRID] for one in value]


M1: Points = [30, 20, 0, 0, None]
M2: Points = [20, None, 20, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1 + m2", [50, 20, 20, 0, None]),
        ("m1 - m2", [10, 20, -20, 0, None]),
        ("m1 * m2", [600, 0, 0, 0, None]),
        ("m1 / m2", [1.5, None, 0, None, None]),
        ("m2 / m1", [pytest.approx(2 / 3), 0, None, None, None]),
        ("100 * m1 / 10", [300, 200, 0, 0, None]),
        ("m1 ^ 2", [900, 400, 0, 0, None]),
        ("-m1", [-30, -20, 0, 0, None]),
        ("m1 < m2", [0, 0, 1, 0, None]),
        ("m1 >= 30", [1, 0, 0, 0, None]),
        ("m1 > 15 AND m2 > 15", [1, 0, 0, 0, None]),
        ("m1 > 15 && m2 > 15", [1, 0, 0, 0, None]),
        ("m1 > 25 OR m2 > 15", [1, 0, 1, 0, None]),
        ("m1 > 25 || m2 > 15", [1, 0, 1, 0, None]),
        ("m1 == m2", [0, 0, 0, 1, None]),
        ("m1 != m2", [1, 1, 1, 0, None]),
        ("m1 - AVG(m1)", [17.5, 7.5, -12.5, -12.5, None]),
        ("m1 / PERIOD(m1)", [0.5, pytest.approx(1 / 3), 0, 0, None]),
    ],
)
def test_operators_take_a_missing_operand_as_0_and_drop_divisions_by_zero(text: str, expected: Points) -> None:
    assert points(text, m1=M1, m2=M2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IF(a, b, c)", [30, 0, 20, None, None]),
        ("IF(a, 5, c)", [5, 5, 20, None, None]),
        ("IF(a, b, 5)", [30, 0, 5, 5, None]),
        ("IF(a, b)", [30, 0, None, None, None]),
        ("IF(a, 1, 0)", [1, 1, 0, 0, None]),
        ("IF(b > 10, b)", [30, None, None, None, 30]),
        ("IF(1, b, c)", [30, None, 0, 0, 30]),
        ("IF(0, b, c)", [0, 0, 20, None, 20]),
        ("IF(0, b)", [None, None, None, None, None]),
        ("IF(0, b, 7)", [7, None, 7, 7, 7]),
    ],
)
def test_if_follows_the_tables_of_the_guide(text: str, expected: Points) -> None:
    assert points(text, a=[1, 1, 0, 0, None], b=[30, None, 0, 0, 30], c=[0, 0, 20, None, 20]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FILL(m, 0)", [0, 10, 0, 30, 0]),
        ("FILL(m, REPEAT)", [None, 10, 10, 30, 30]),
        ("FILL(m, LINEAR)", [None, 10, 20, 30, None]),
        ("FILL(m, MIN(m))", [10, 10, 10, 30, 10]),
        ("FILL(m, n)", [1, 10, 3, 30, 5]),
    ],
)
def test_fill(text: str, expected: Points) -> None:
    assert points(text, m=[None, 10, None, 30, None], n=[1, 2, 3, 4, 5]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SUM([m1, m2])", [50, 20, 20, 0, None]),
        ("SUM(METRICS())", [50, 20, 20, 0, None]),
        ('SUM([METRICS("m1"), METRICS("m2")])', [50, 20, 20, 0, None]),
        ("AVG([m1, m2])", [25, 10, 10, 0, None]),
        ("MAX([m1, m2])", [30, 20, 20, 0, None]),
        ("MIN([m1, m2])", [20, 20, 0, 0, None]),
        ("STDDEV([m1, m2])", [5, 0, 10, 0, None]),
        ("AVG([m1, m2] / 2)", [12.5, 5, 5, 0, None]),
        ("DATAPOINT_COUNT(METRICS())", [2, 1, 2, 1, None]),
        ("FIRST(SORT(METRICS(), SUM, DESC))", M1),
        ("LAST(SORT(METRICS(), SUM, DESC))", M2),
        ("SUM(SLICE(SORT(METRICS(), MAX, ASC), 1))", M1),
        ("SUM(SORT(METRICS(), AVG, DESC, 1))", M2),
        ("m1 / METRIC_COUNT(METRICS())", [15, 10, 0, 0, None]),
    ],
)
def test_aggregates_over_arrays_give_a_time_series(text: str, expected: Points) -> None:
    assert points(text, m1=M1, m2=M2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SUM(m1)", 50),
        ("AVG(m1)", 12.5),
        ("MIN(m1)", 0),
        ("MAX(m1)", 30),
        ("STDDEV(m2)", 0),
        ("DATAPOINT_COUNT(m1)", 4),
        ("METRIC_COUNT(METRICS())", 2),
        ("PERIOD(m1)", 60),
        ("2 + 3 * 4 ^ 2 / -8", -4),
        ("(2 + 3) * 4", 20),
        ("1.5e2 > .5", 1),
    ],
)
def test_aggregates_over_one_time_series_and_plain_numbers_give_a_scalar(text: str, expected: float) -> None:
    assert scalar(text, m1=M1, m2=M2) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RATE(m)", [None, 1, None, -0.5, 0]),
        ("DIFF(m)", [None, 60, None, -60, 0]),
        ("DIFF_TIME(m)", [None, 60, None, 120, 60]),
        ("RUNNING_SUM(m)", [0, 60, None, 60, 60]),
        ("ABS(0 - m)", [0, 60, None, 0, 0]),
        ("CEIL(m / 100)", [0, 1, None, 0, 0]),
        ("FLOOR(m / 100)", [0, 0, None, 0, 0]),
        ("LOG(m)", [None, pytest.approx(math.log(60)), None, None, None]),
        ("LOG10(m / 6)", [None, 1, None, None, None]),
        ("MINUTE(m)", [0, 1, 2, 3, 4]),
        ("DAY(m) * 10000 + YEAR(m)", [41970] * 5),
        ("EPOCH(m)", [0, 60, 120, 180, 240]),
        ("TIME_SERIES(3)", [3] * 5),
        ("TIME_SERIES(AVG(empty))", [None] * 5),
        ("m - AVG(empty)", [None] * 5),
    ],
)
def test_functions_of_one_time_series(text: str, expected: Points) -> None:
    assert points(text, m=[0, 60, None, 0, 0], empty=[None] * 5) == expected


def test_functions_of_arrays_stay_arrays() -> None:
    assert arrays("METRICS() * 100", a=[1] * 5, b=[None] * 5) == [[100] * 5, [None] * 5]
    assert arrays("REMOVE_EMPTY(METRICS())", a=[1] * 5, b=[None] * 5) == [[1] * 5]
    assert arrays('FILL(METRICS("err"), 0)', errors=[1, *[None] * 4], other=[9] * 5) == [[1, 0, 0, 0, 0]]
    assert arrays("[a, b] / [b, a]", a=[1] * 5, b=[2] * 5) == [[0.5] * 5, [2] * 5]


def test_expressions_may_refer_to_each_other() -> None:
    both = evaluator(
        {"rate": "100 * errors / calls", "result": "IF(calls >= 20, rate, 0)"}, errors=[1] * 5, calls=[25] * 5
    )
    assert both.value("result") == dict.fromkeys(GRID, 4.0)


def test_metrics_leaves_expressions_out() -> None:
    found = evaluator({"e1": "m1 * 2", "result": "SUM(METRICS())"}, m1=[1] * 5)
    assert found.value("result") == dict.fromkeys(GRID, 1.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ANOMALY_DETECTION_BAND(m1, 2)", "ANOMALY_DETECTION_BAND is not supported by the embedded cloud"),
        ("SEARCH('{AWS/Lambda}', 'Sum')", "SEARCH is not supported"),
        ("sum(m1)", "sum does not exist; functions are written in upper case"),
        ("unknown + 1", "Unknown id 'unknown'"),
        ("result + 1", "refers to itself: result -> result"),
        ("m1 +", "it ends too early"),
        ("m1 % 2", "unexpected '%' at character 3"),
        ("m1 m2", "unexpected 'm2' at character 3"),
        ("(m1", "it ends too early"),
        ("", "it ends too early"),
        ("__import__('os')", "__import__ does not exist"),
        ("m1.real", "unexpected '.' at character 2"),
        ("m1 + 1e999", "1e999 is too large"),
        ("ABS(m1, m1)", "ABS takes 1 arguments, got 2"),
        ("IF([m1], 1, 0)", "not arrays"),
        ("FIRST(m1)", "FIRST needs an array of time series, got a time series"),
        ("RATE(5)", "RATE needs a time series, got a scalar"),
        ("PERIOD(m1 + 1)", "PERIOD takes the id of a metric"),
        ("METRICS(m1)", "METRICS takes a text in quotes"),
        ("SORT(METRICS(), P99, DESC)", "SORT takes AVG, MIN, MAX or SUM"),
        ("[m1] / [m1, m1]", "between arrays of 1 and 2 time series"),
        ('"text" + 1', 'The text "text" has no value'),
        ("(" * 200 + "m1" + ")" * 200, "nested more than"),
    ],
)
def test_what_cannot_be_computed_is_refused_and_named(text: str, told: str) -> None:
    with pytest.raises(MathError) as refused:
        evaluate(text, m1=[1] * 5)
    assert told in str(refused.value)


def test_names_in_an_expression() -> None:
    assert list(names_in(parse('IF(a > 1, -b, [c, FILL(d, REPEAT)]) + METRICS("e") ^ 2'))) == [
        "a",
        "b",
        "c",
        "d",
        "REPEAT",
    ]


FLOATS = st.floats(-1e6, 1e6)
SPARSE = st.lists(st.one_of(st.none(), FLOATS), min_size=5, max_size=5)


@given(SPARSE, SPARSE)
def test_sums_do_not_depend_on_the_order_of_their_operands(a: Points, b: Points) -> None:
    assert evaluate("a + b", a=a, b=b) == evaluate("b + a", a=a, b=b)


@given(SPARSE, SPARSE)
def test_a_point_exists_where_one_operand_of_a_sum_has_one(a: Points, b: Points) -> None:
    found = evaluate("a + b", a=a, b=b)
    assert isinstance(found, dict)
    assert set(found) == set(series(a)) | set(series(b))


@given(SPARSE, SPARSE)
def test_a_quotient_never_has_a_point_that_is_not_a_finite_number(a: Points, b: Points) -> None:
    found = evaluate("a / b", a=a, b=b)
    assert isinstance(found, dict)
    assert all(math.isfinite(value) for value in found.values())
    assert set(found) <= {at for at, value in series(b).items() if value}


@given(SPARSE, FLOATS)
def test_filling_leaves_no_gap_and_changes_no_point(a: Points, filler: float) -> None:
    found = evaluate(f"FILL(a, {filler!r})", a=a) if filler >= 0 else evaluate(f"FILL(a, -{-filler!r})", a=a)
    assert isinstance(found, dict)
    assert set(found) == set(GRID)
    assert series(a).items() <= found.items()


@given(SPARSE, SPARSE, SPARSE)
def test_if_takes_every_point_from_the_side_its_test_names(test: Points, a: Points, b: Points) -> None:
    found = evaluate("IF(t, a, b)", t=test, a=a, b=b)
    assert isinstance(found, dict)
    for at, value in series(test).items():
        assert found.get(at) == (series(a).get(at, 0.0) if value else series(b).get(at))
    assert set(found) <= set(series(test))


@given(SPARSE)
def test_the_last_running_sum_is_the_sum(a: Points) -> None:
    found = evaluate("RUNNING_SUM(a)", a=a)
    assert isinstance(found, dict)
    assert [found[max(found)] if found else 0.0] == [pytest.approx(scalar("SUM(a)", a=a), abs=1e-6)]


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        evaluate(text, m1=[1] * 5)
    except MathError:
        return
