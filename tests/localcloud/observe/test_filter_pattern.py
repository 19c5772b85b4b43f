"""Filter patterns of CloudWatch Logs against the examples of its user guide."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.observe.filter_pattern import PatternError, matcher, selected

LINE = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "cluster.name": "c",
        "done": True,
        "latency": 40.5,
    }
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [True, True, True]),
        ("ERROR", [True, True, False]),
        ("ERROR ARGUMENTS", [False, True, False]),
        ("?ERROR ?WARN", [True, True, True]),
        ("ERROR -ARGUMENTS", [True, False, False]),
        ('"INTERNAL SERVER"', [True, False, False]),
        ("error", [False, False, False]),
    ],
)
def test_terms(pattern: str, expected: list[bool]) -> None:
    lines = ["ERROR 500 INTERNAL SERVER", "[ERROR 400] INVALID ARGUMENTS", "[WARN 1] slow"]
    assert [matcher(pattern)(line) for line in lines] == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[2].id = 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.eventType NOT EXISTS }", False),
        ("{ $.done IS TRUE }", True),
        ("{ $.done IS FALSE }", False),
        ("{ $.latency > 40 }", True),
        ("{ $.latency >= 40.5 && $.latency <= 40.5 }", True),
        ("{ $.latency < 40 || $.done IS TRUE }", True),
        ("{ ($.latency < 40 || $.latency > 41) && $.done IS TRUE }", False),
        ("{ $.eventType > 3 }", False),
    ],
)
def test_conditions_on_json_lines(pattern: str, expected: bool) -> None:  # noqa: FBT001 - the table's last column
    assert matcher(pattern)(LINE) is expected


def test_a_line_that_is_not_json_meets_no_condition_on_a_member() -> None:
    assert not matcher("{ $.latency > 1 }")("latency 40")


def test_a_selector_reads_a_value() -> None:
    assert [selected(LINE, selector) for selector in ("$.latency", "$.objectList[0].name", "$.unknown")] == [
        40.5,
        "a",
        None,
    ]


@pytest.mark.parametrize(
    "pattern",
    ["[ip, user]", "%regex%", "{ $.a = 1", "{ $.a }", "{ $.a > high }", "{ a = 1 }", "{ $.a IS 1 }", "{ ($.a = 1 }"],
)
def test_what_cannot_be_matched_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        matcher(pattern)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_matches_or_is_refused(pattern: str, line: str) -> None:
    for text in (pattern, f"{{{pattern}}}", f"{{ $.{pattern} }}"):
        try:
            matcher(text)(line)
        except PatternError:
            continue
