"""A transaction and the only ways in which it changes. Pure.

    pending --processed--> settled            an amount below the review limit, or cleared before
    pending --processed--> review             waits for the fraud service
    pending, review --fraud--> blocked
    review --clear--> settled
    pending --clear--> pending, cleared

Settled and blocked are final: whatever is delivered again or too late changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from handlers.shared.exact_json import Json
from handlers.shared.order import Order

REVIEW_FROM_MINOR: Final = 100_000
"""Transactions of 1,000.00 and more wait for the fraud service."""


class TransactionStatus(StrEnum):
    """Where a transaction stands."""

    PENDING = "pending"
    REVIEW = "review"
    SETTLED = "settled"
    BLOCKED = "blocked"


class FraudVerdict(StrEnum):
    """What the fraud service says about a transaction."""

    FRAUD = "fraud"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a transaction's history; never edited."""

    status: TransactionStatus
    cause: str
    at: str
    version: str
    """The version of the code that made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """An order and everything that happened to it."""

    transaction_id: str
    order: Order
    history: tuple[Change, ...]
    """At least one line; the last one tells the status."""
    is_cleared: bool = False
    """Whether the fraud service has said "clear" before the processing."""
    revision: int = 1

    @classmethod
    def opened(cls, transaction_id: str, order: Order, *, at: str, version: str) -> Self:
        """A new transaction, pending."""
        change = Change(status=TransactionStatus.PENDING, cause="ordered", at=at, version=version)
        return cls(transaction_id=transaction_id, order=order, history=(change,))

    @property
    def status(self) -> TransactionStatus:
        """Where it stands."""
        return self.history[-1].status

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in {TransactionStatus.SETTLED, TransactionStatus.BLOCKED}

    def processed(self, *, at: str, version: str) -> Transaction:
        """After its message was taken from the queue."""
        if self.status is not TransactionStatus.PENDING:
            return self
        if self.order.amount.minor >= REVIEW_FROM_MINOR and not self.is_cleared:
            return self._changed(TransactionStatus.REVIEW, "amount waits for the fraud service", at, version)
        return self._changed(TransactionStatus.SETTLED, "processed", at, version)

    def judged(self, verdict: FraudVerdict, *, at: str, version: str) -> Transaction:
        """After the fraud service has spoken."""
        if self.is_final:
            return self
        if verdict is FraudVerdict.FRAUD:
            return self._changed(TransactionStatus.BLOCKED, "fraud alert", at, version)
        if self.status is TransactionStatus.REVIEW:
            return self._changed(TransactionStatus.SETTLED, "cleared by the fraud service", at, version)
        return self if self.is_cleared else replace(self, is_cleared=True, revision=self.revision + 1)

    def members(self) -> dict[str, Json]:
        """The transaction as the API shows it."""
        return {
            "transaction_id": self.transaction_id,
            **self.order.members(),
            "status": self.status.value,
            "created_at": self.history[0].at,
            "updated_at": self.history[-1].at,
            "version": self.history[0].version,
        }

    def _changed(self, status: TransactionStatus, cause: str, at: str, version: str) -> Transaction:
        change = Change(status=status, cause=cause, at=at, version=version)
        return replace(self, history=(*self.history, change), revision=self.revision + 1)
