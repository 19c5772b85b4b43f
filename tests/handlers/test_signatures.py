from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.shared.refusal import Refusal
from handlers.shared.signatures import Signed, parse_header, parse_secrets, sign, verify

NOW = 1_795_000_000
BODY = b'{"verdict":"fraud"}'


def test_a_signature_is_the_documented_hmac() -> None:
    """Against a value computed with: printf '1795000000.{}' | openssl dgst -sha256 -hmac secret."""
    assert sign(b"{}", ["secret"], at=NOW) == (
        "t=1795000000,v1=6b4c7e66d3b69c810f27c4aa67ee370757d4dfdabf1fbb338ea7cf6aba9e0494"
    )


@given(st.binary(), st.text(min_size=1).filter(lambda text: 1 <= len(text.split()) <= 2))
def test_what_was_signed_is_accepted(body: bytes, secret: str) -> None:
    secrets = parse_secrets(secret)
    assert verify(body, sign(body, secrets, at=NOW), secrets, now=NOW).at == str(NOW)


@pytest.mark.parametrize("receiver", [["new"], ["old"], ["new", "old"]])
@pytest.mark.parametrize("sender", [["new", "old"]])
def test_during_a_rotation_either_secret_will_do(sender: list[str], receiver: list[str]) -> None:
    assert verify(BODY, sign(BODY, sender, at=NOW), receiver, now=NOW)


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_delivery_may_be_five_minutes_old_or_early(age: int) -> None:
    assert verify(BODY, sign(BODY, ["secret"], at=NOW - age), ["secret"], now=NOW)


@pytest.mark.parametrize("age", [-301, 301])
def test_an_older_or_earlier_one_is_refused(age: int) -> None:
    with pytest.raises(Refusal, match="more than 300 s"):
        verify(BODY, sign(BODY, ["secret"], at=NOW - age), ["secret"], now=NOW)


@pytest.mark.parametrize(
    ("body", "secrets"), [(BODY + b" ", ["secret"]), (BODY, ["other"]), (b"", ["secret"]), (BODY, ["secre", "t"])]
)
def test_another_body_or_secret_does_not_match(body: bytes, secrets: list[str]) -> None:
    with pytest.raises(Refusal, match="does not match") as refused:
        verify(body, sign(BODY, ["secret"], at=NOW), secrets, now=NOW)
    assert refused.value.status == 401


def test_the_time_is_part_of_what_is_signed() -> None:
    moved = sign(BODY, ["secret"], at=NOW).replace(str(NOW), str(NOW + 1))
    with pytest.raises(Refusal, match="does not match"):
        verify(BODY, moved, ["secret"], now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "v1=" + "a" * 64,
        "t=1",
        "t=x,v1=" + "a" * 64,
        "t=1,t=2,v1=" + "a" * 64,
        "t=1,v1=" + "A" * 64,
        "t=1," + ",".join(["v1=" + "a" * 64] * 5),
        "t=\u0661,v1=" + "a" * 64,
    ],
)
def test_a_malformed_header_is_refused_with_the_right_form(header: str | None) -> None:
    with pytest.raises(Refusal, match="t=<epoch seconds>"):
        parse_header(header)


def test_a_header_may_hold_two_signatures_and_other_parts() -> None:
    first, second = "a" * 64, "b" * 64
    assert parse_header(f"t=5, v1={first},v0=x,v1={second}") == Signed(at="5", signatures=(first, second))


@pytest.mark.parametrize("parameter", ["", "  \n", "one two three"])
def test_a_parameter_must_hold_one_secret_or_two(parameter: str) -> None:
    with pytest.raises(ValueError, match="instead of one or two"):
        parse_secrets(parameter)


def test_a_parameter_may_hold_the_new_and_the_old_secret() -> None:
    assert parse_secrets("new old\n") == ("new", "old")
