"""(versions, who needs them, now) -> which old versions may go. Pure.

Every published version counts against the 75 GB of code that an account and region may store, and a version with
SnapStart is billed for as long as it exists (Lambda guide, quotas and SnapStart pricing).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canary.core.codec import Plain
from canary.core.errors import ConfigError
from canary.core.model import Version
from canary.core.words import duration_in_words

KEPT: Final = 5
MIN_AGE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A version and when it was published."""

    version: Version
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept although nobody refers to it: the newest `kept`, and what is younger than `min_age`."""

    kept: int = KEPT
    min_age: timedelta = MIN_AGE

    def __post_init__(self) -> None:
        """Refuse to keep nothing: the next rollback needs something to go back to."""
        if self.kept < 1:
            raise ConfigError(f"--keep is {self.kept}; keep at least 1 version")
        if self.min_age < timedelta(0):
            raise ConfigError(f"--min-age is {self.min_age}; give 0s or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to one version: it is kept for a reason, or goes."""

    version: Version
    published_at: datetime
    kept_because: str | None

    def as_plain(self) -> dict[str, Plain]:
        """The fate as JSON data with stable keys."""
        return {
            "version": self.version,
            "published_at": self.published_at.isoformat(),
            "goes": self.kept_because is None,
            "kept_because": self.kept_because,
        }


def decide_fates(
    versions: Sequence[PublishedVersion], needed: Mapping[Version, str], retention: Retention, now: datetime
) -> tuple[Fate, ...]:
    """The fate of every version, oldest first. `needed` says who refers to a version: an alias, a rollout."""
    newest_first = sorted(versions, key=lambda each: int(each.version), reverse=True)
    fates = (_fate(each, rank, needed, retention, now) for rank, each in enumerate(newest_first, start=1))
    return tuple(reversed(tuple(fates)))


def _fate(
    each: PublishedVersion, rank: int, needed: Mapping[Version, str], retention: Retention, now: datetime
) -> Fate:
    return Fate(
        version=each.version,
        published_at=each.published_at,
        kept_because=needed.get(each.version) or _retained(each, rank, retention, now),
    )


def _retained(each: PublishedVersion, rank: int, retention: Retention, now: datetime) -> str | None:
    if rank <= retention.kept:
        return f"one of the newest {retention.kept}"
    if now - each.published_at < retention.min_age:
        return f"younger than {duration_in_words(retention.min_age)}"
    return None
