"""Orders: what a body must hold, for a customer's payment and for a merchant's transaction alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.shared.exact_json import Json, JsonNumber
from handlers.shared.order import Order, Party, order_in, parse_order, required_members
from handlers.shared.refusal import Refusal


def body(party: Party = Party.CUSTOMER, **changed: Json) -> dict[str, Json]:
    usual: dict[str, Json] = {
        "amount": JsonNumber("12.30"),
        "currency": "USD",
        "payment_method": "card_tok",
        party.value: "x-1",
    }
    return usual | changed


def order(**changed: Json) -> Order:
    return parse_order(body() | changed, Party.CUSTOMER)


@pytest.mark.parametrize("party", list(Party))
@pytest.mark.parametrize("position", range(4))
def test_each_required_member_is_asked_for_by_name(party: Party, position: int) -> None:
    """A3."""
    member = required_members(party)[position]
    with pytest.raises(Refusal, match=f"required: {member}$"):
        parse_order({name: value for name, value in body(party).items() if name != member}, party)


def test_a_null_is_no_value() -> None:
    with pytest.raises(Refusal, match=r"required: currency, customer_id$"):
        order(currency=None, customer_id=None)


@pytest.mark.parametrize("value", ["", " x", "x" * 129, "x\n", "\ud800", "\u00e9", JsonNumber("1"), [], True])
@pytest.mark.parametrize("member", ["payment_method", "customer_id"])
def test_a_token_of_other_characters_is_refused(member: str, value: Json) -> None:
    with pytest.raises(Refusal, match=f"{member} must be"):
        order(**{member: value})


@pytest.mark.parametrize("value", ["m:1", "m/n", "m@n", "m+n", "../m", ".m", "", "m\n"])
def test_a_merchant_that_can_have_no_parameter_is_refused(value: str) -> None:
    """It was taken, settled, and then could never be told."""
    with pytest.raises(Refusal, match=r"merchant_id must be 1 to 128 letters, digits or any of _ \. - "):
        parse_order(body(Party.MERCHANT, merchant_id=value), Party.MERCHANT)


@pytest.mark.parametrize("value", ["x" * 257, "two\nlines", "\ud800", JsonNumber("1")])
def test_a_description_that_is_no_short_line_is_refused(value: Json) -> None:
    with pytest.raises(Refusal, match="description must be"):
        order(description=value)


def test_an_unknown_member_is_not_kept() -> None:
    assert order(note="x") == order()


def test_a_key_stands_for_one_body_unknown_members_included() -> None:
    """A body with another unknown member was taken for a repetition."""
    first = order(note={"a": JsonNumber("1"), "b": ["x", None]})
    assert order(note={"b": ["x", None], "a": JsonNumber("1")}).repeats(first)
    for other in (order(), order(note=[]), order(note={"a": JsonNumber("1.0"), "b": ["x", None]})):
        assert not other.repeats(first)
        assert other.fingerprint() != first.fingerprint()


def test_what_an_older_version_wrote_is_compared_as_far_as_it_goes() -> None:
    older = replace(order(note="x"), others=None)
    assert order(note="y").repeats(older)
    assert older.repeats(order(note="y"))
    assert not order(description="tea").repeats(older)


def test_other_members_that_nest_deeply_are_no_fault() -> None:
    deep: Json = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(Refusal, match="nests too deeply"):
        order(note=deep)


def test_orders_differ_by_the_text_of_their_amount() -> None:
    assert order(amount=JsonNumber("12.3")).fingerprint() != order().fingerprint()


@pytest.mark.parametrize("party", list(Party))
@pytest.mark.parametrize("description", [None, "tea"])
def test_a_record_and_a_body_keep_the_whole_order(party: Party, description: str | None) -> None:
    placed = parse_order(body(party, description=description), party)
    assert order_in(placed.attributes(), party) == placed
    assert order_in(placed.attributes(), party).others == placed.others
    assert parse_order(placed.members(), party) == placed
