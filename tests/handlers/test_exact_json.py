from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.exact_json import JsonNumber, parse_json, render_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("literal", ["12.30", "0.10", "1e2", "1E+2", "100", "-0.0", "999999999999999999999.99"])
def test_a_number_keeps_its_digits(literal: str) -> None:
    assert render_json(parse_json(literal)) == literal


@given(VALUES)
def test_a_text_survives_parsing_and_rendering(value: object) -> None:
    text = json.dumps(value, separators=(",", ":"))
    assert render_json(parse_json(text)) == text


def test_an_exact_number_has_an_exact_value() -> None:
    assert str(JsonNumber("0.1").decimal()) == "0.1"


@pytest.mark.parametrize("text", ["NaN", "-Infinity", '{"a":1,"a":1}', '[{"b":{"a":1,"a":2}}]', "[" * 100_000, "", "{"])
def test_what_is_ambiguous_or_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
