"""What every OrderBook does, the fake and the adapter alike (issue 4, global stop and audit)."""

from dataclasses import replace
from datetime import timedelta

from canary.core.orders import AuditNote, Deed, Stop
from canary.side_ports import OrderBook
from tests.fakes import START

STOP = Stop(at=START, by="amy", why="audit week")
NOTE = AuditNote(at=START, by="amy", deed=Deed.ADOPTED, object="pay:live", why="left split")


def test_nothing_stands_before_it_was_ordered(orders: OrderBook) -> None:
    assert orders.read_stop() is None
    assert orders.list_notes(5) == ()


def test_a_stop_stands_until_it_is_lifted_and_the_newest_reason_counts(orders: OrderBook) -> None:
    orders.stop(STOP)
    orders.stop(replace(STOP, why="outage"))

    assert orders.read_stop() == replace(STOP, why="outage")
    orders.start()
    assert orders.read_stop() is None


def test_lifting_what_does_not_stand_is_no_concern(orders: OrderBook) -> None:
    orders.start()

    assert orders.read_stop() is None


def test_notes_come_newest_first(orders: OrderBook) -> None:
    notes = [replace(NOTE, at=START + timedelta(minutes=index)) for index in range(3)]
    for note in notes:
        orders.note(note)

    assert orders.list_notes(2) == (notes[2], notes[1])
