"""The grammar of settings: durations, and the tables of a file read key by key. `canary.config` says what they mean."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from canary.core.errors import ConfigError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")

LONGEST: Final = timedelta(days=365)
"""Nothing that a release waits for may take longer."""

GREATEST: Final = 1_000_000_000
"""No setting is a larger number."""

Choice = TypeVar("Choice", bound=StrEnum)
Number = TypeVar("Number", int, float)


def parse_duration(text: str) -> timedelta:
    """``90s``, ``5m``, ``1h``, ``1h30m``; 0 to `LONGEST`.

    Raises:
        ConfigError: anything else.
    """
    parts = _DURATION.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != re.sub(r"\s", "", text):
        raise ConfigError(f"{text!r:.60} is no duration; write it like 90s, 5m or 1h30m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > LONGEST.total_seconds():
        raise ConfigError(f"{text!r:.60} is longer than {LONGEST.days} days; give less")
    return timedelta(seconds=seconds)


class Table:
    """One table of a file, read key by key; what nobody asked for is refused at the end.

    Every method raises ConfigError for a value of another kind; the text names file, key, value and what was wanted.
    """

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        if not isinstance(values, Mapping):
            raise ConfigError(f"{where}: wanted a table, got {values!r:.60}")
        self.where = where
        self._values = values
        self._asked: set[str] = set()

    def text(self, key: str, default: str | None = None) -> str:
        """The text; without a default it must be there."""
        value = self._value(key, str, "a text")
        if value is None and default is None:
            raise ConfigError(f"{self.where}: {key} is missing")
        return str(value) if value is not None else str(default)

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts, empty where it is left out."""
        value = self._value(key, list, "a list of texts")
        if not all(isinstance(item, str) for item in value or ()):
            raise self._misfit(key, "a list of texts", value)
        return tuple(value or ())

    def whole(self, key: str) -> int | None:
        """The whole number, `GREATEST` at most on either side of 0; None where it is left out."""
        value: int | None = self._value(key, int, "a whole number")
        return None if value is None else self._bounded(key, "a whole number", value)

    def share(self, key: str, default: float) -> float:
        """The share, by default `default`."""
        value = self._value(key, int | float, "a share such as 0.01")
        return default if value is None else float(self._bounded(key, "a share such as 0.01", value))

    def duration(self, key: str) -> timedelta | None:
        """The duration, None where it is left out."""
        value = self._value(key, str, "a duration such as 5m")
        return None if value is None else parse_duration(value)

    def choice(self, key: str, kind: type[Choice]) -> Choice | None:
        """One of the words of `kind`, None where it is left out."""
        value = self._value(key, str, "a text")
        if value is not None and value not in list(kind):
            raise self._misfit(key, f"one of {', '.join(kind)}", value)
        return None if value is None else kind(value)

    def table(self, key: str) -> "Table":
        """The table of that name, empty where it is left out."""
        return Table(f"{self.where}: {key}", self._value(key, dict, "a table") or {})

    def tables(self, key: str) -> Iterable["Table"]:
        """The tables that are each headed [[key]]."""
        found = self._value(key, list, f"tables, each headed [[{key}]]") or []
        return [Table(f"{self.where}: {key}[{index}]", table) for index, table in enumerate(found)]

    def refuse_unknown(self) -> None:
        """Refuses what nobody asked for: most likely a key misspelt."""
        if unknown := sorted(self._values.keys() - self._asked):
            known = ", ".join(sorted(self._asked))
            raise ConfigError(f"{self.where}: unknown key {unknown[0]!r}; known are {known}")

    @staticmethod
    def given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - passes keyword arguments on
        """Only what was given, so that the defaults stand in one place."""
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, key: str, kind: Any, wanted: str) -> Any:  # noqa: ANN401 - the one place where a file is untyped
        self._asked.add(key)
        value = self._values.get(key)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self._misfit(key, wanted, value)
        return value

    def _bounded(self, key: str, wanted: str, value: Number) -> Number:
        if not -GREATEST <= value <= GREATEST:
            raise self._misfit(key, f"{wanted}, no more than {GREATEST}", value)
        return value

    def _misfit(self, key: str, wanted: str, value: object) -> ConfigError:
        return ConfigError(f"{self.where}: {key} is {value!r:.60}, wanted {wanted}")
