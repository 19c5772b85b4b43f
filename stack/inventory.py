"""An inventory of another environment, read from a file and stood up in this one (C7).

`read_inventory` runs before any resource is declared and refuses all that could not be stood up; `stand_up` declares.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from stack.bundle import PACKAGE, code_bundle, has_module
from stack.components.bluegreen import BlueGreenFunction, BlueGreenFunctionArgs
from stack.components.bucket import Bucket, BucketArgs
from stack.components.table import Table, TableArgs
from stack.errors import SettingsError
from stack.grants import CONTROLLER, FUNCTIONS, TABLES
from stack.naming import LONGEST_NAME
from stack.settings import CHECKOUT, short_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import pulumi

    from stack.naming import Place
    from stack.settings import Settings

SCHEMA: Final = "inventory/1"
KINDS: Final = ("buckets", "tables", "functions")

TAKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "buckets": ("audit-logs", "documents"),
    "tables": TABLES,
    "functions": (*FUNCTIONS, CONTROLLER),
}
"""Purposes that every environment has already."""

_LONGEST: Final = {
    "buckets": ("bucket-{}-" + 12 * "0", 63),
    "tables": ("table-{}", LONGEST_NAME),
    "functions": ("alarm-{}-error-rate", LONGEST_NAME),
}
"""The longest name that is made of a purpose, but for the environment at its end, and how long it may be."""

_MEMBERS: Final = {
    "the file": ("schema", "environment", "migration_date", *KINDS),
    "buckets": ("purpose",),
    "tables": ("purpose", "partition_key", "sort_key"),
    "functions": ("purpose", "handler", "bundle", "timeout_seconds"),
}
_PURPOSE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One resource of the other environment, by its purpose here."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableItem(Item):
    """A table and its keys, both strings."""

    partition_key: str
    sort_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionItem(Item):
    """A function and where its code lies."""

    handler: str
    bundle: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What one environment had on one day."""

    source: str
    day: date
    buckets: tuple[Item, ...]
    tables: tuple[TableItem, ...]
    functions: tuple[FunctionItem, ...]

    @property
    def tags(self) -> dict[str, str]:
        """Where a resource came from, and when the inventory was taken."""
        return {"MigratedFrom": self.source, "MigrationDate": self.day.isoformat()}

    @property
    def counts(self) -> dict[str, int]:
        """How many resources of each kind there are."""
        return {"buckets": len(self.buckets), "tables": len(self.tables), "functions": len(self.functions)}


def read_inventory(path: Path, environment: str) -> Inventory:
    """The inventory in a JSON file, all of which can be stood up in `environment`; see examples/inventory.json.

    Raises:
        SettingsError: the file is missing or malformed, names what it does not know or what is there already, or is of
            this very environment; the text names the file and the place in it.
    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"inventory {path} does not exist; type pulumi config set inventory FILE") from None
    except OSError as error:
        raise SettingsError(f"inventory {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"inventory {path} is no JSON: {error}") from None
    return _Reader(path=path, environment=environment).inventory(loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Takes values out of one inventory file, or says where it is wrong."""

    path: Path
    environment: str

    def refusal(self, where: str, wanted: str) -> SettingsError:
        return SettingsError(f"inventory {self.path}: {where} must be {wanted}")

    def inventory(self, loaded: object) -> Inventory:
        if not isinstance(loaded, dict) or loaded.get("schema") != SCHEMA:
            raise self.refusal("the file", f'an object with "schema": "{SCHEMA}"')
        self.known_members(loaded, _MEMBERS["the file"], "the file")
        return Inventory(
            source=self.source(loaded),
            day=self.day(loaded),
            buckets=tuple(Item(purpose=self.purpose(each, at)) for each, at in self.items(loaded, "buckets")),
            tables=tuple(self.table(each, at) for each, at in self.items(loaded, "tables")),
            functions=tuple(self.function(each, at) for each, at in self.items(loaded, "functions")),
        )

    def known_members(self, item: Mapping[str, Any], known: Collection[str], at: str) -> None:
        if strangers := sorted(set(item) - set(known)):
            raise self.refusal(at, f"without {strangers[0]!r}; known are {', '.join(known)}")

    def source(self, loaded: Mapping[str, Any]) -> str:
        source = self.text(loaded, "environment", "the file")
        if short_name(source) == self.environment:
            raise self.refusal("environment", f"another one than {self.environment}, where it would be stood up")
        return source

    def items(self, loaded: Mapping[str, Any], kind: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        listed = loaded.get(kind)
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise self.refusal(kind, "a list of objects")
        purposes = [each.get("purpose") for each in listed]
        if twice := sorted({str(each) for each in purposes if purposes.count(each) > 1}):
            raise self.refusal(kind, f"without the purpose {twice[0]!r} twice")
        for number, each in enumerate(listed):
            self.known_members(each, _MEMBERS[kind], f"{kind}[{number}]")
            if each.get("purpose") in TAKEN[kind]:
                raise self.refusal(f"{kind}[{number}].purpose", f"another one than {each['purpose']!r}, which is taken")
            yield each, f"{kind}[{number}]"

    def table(self, item: Mapping[str, Any], at: str) -> TableItem:
        partition_key = self.text(item, "partition_key", at)
        sort_key = self.text(item, "sort_key", at) if "sort_key" in item else None
        if sort_key == partition_key:
            raise self.refusal(f"{at}.sort_key", "another attribute than the partition key")
        return TableItem(purpose=self.purpose(item, at), partition_key=partition_key, sort_key=sort_key)

    def function(self, item: Mapping[str, Any], at: str) -> FunctionItem:
        timeout = item.get("timeout_seconds", 30)
        if type(timeout) is not int or not 1 <= timeout <= 900:  # noqa: PLR2004 - Lambda's longest timeout
            raise self.refusal(f"{at}.timeout_seconds", "a whole number from 1 to 900")
        bundle = self.text(item, "bundle", at)
        if not (CHECKOUT / bundle).exists():
            raise self.refusal(f"{at}.bundle", f"a folder or zip file that exists ({CHECKOUT / bundle} does not)")
        handler = self.text(item, "handler", at)
        if not has_module(CHECKOUT / bundle, handler.rpartition(".")[0]):
            raise self.refusal(f"{at}.handler", f"MODULE.FUNCTION, with a module of {bundle} below {PACKAGE!r}")
        return FunctionItem(
            purpose=self.purpose(item, at),
            handler=handler,
            bundle=bundle,
            timeout_seconds=timeout,
        )

    def purpose(self, item: Mapping[str, Any], at: str) -> str:
        purpose = self.text(item, "purpose", at)
        if not _PURPOSE.fullmatch(purpose):
            raise self.refusal(f"{at}.purpose", "lower-case words joined by '-'")
        pattern, longest = _LONGEST[at.partition("[")[0]]
        excess = len(f"{pattern.format(purpose)}-{self.environment}") - longest
        if excess > 0:
            raise self.refusal(f"{at}.purpose", f"shorter by {excess} characters: names are made of it")
        return purpose

    def text(self, item: Mapping[str, Any], key: str, at: str) -> str:
        value = item.get(key)
        if not isinstance(value, str) or not value:
            raise self.refusal(f"{at}.{key}", "a text")
        return value

    def day(self, loaded: Mapping[str, Any]) -> date:
        try:
            return date.fromisoformat(self.text(loaded, "migration_date", "the file"))
        except ValueError:
            raise self.refusal("migration_date", "a date such as 2026-11-21") from None


def stand_up(
    inventory: Inventory,
    settings: Settings,
    place: Place,
    *,
    key_arn: pulumi.Input[str],
    layers: Sequence[pulumi.Input[str]],
    alarm_actions: Sequence[pulumi.Input[str]],
) -> Sequence[Table]:
    """Declares the inventory's resources under this environment's rules, tagged with where they came from.

    The tables are returned, because their data has to be backed up like all other (C3).
    """
    tagged = replace(place, more_tags=inventory.tags)
    for item in inventory.buckets:
        Bucket(
            BucketArgs(
                place=tagged, purpose=item.purpose, key_arn=key_arn, colder_class="GLACIER", colder_after_days=90
            )
        )
    for function in inventory.functions:
        BlueGreenFunction(
            BlueGreenFunctionArgs(
                place=tagged,
                purpose=function.purpose,
                handler=function.handler,
                bundle=code_bundle(CHECKOUT / function.bundle, settings.build),
                runtime=settings.runtime,
                architecture=settings.architecture,
                memory_mb=settings.memory_mb,
                timeout_seconds=function.timeout_seconds,
                log_retention_days=settings.log_retention_days,
                key_arn=key_arn,
                layers=layers,
                errors=settings.error_threshold,
                throttles=settings.throttle_threshold,
                alarm_actions=alarm_actions,
            )
        )
    return [
        Table(
            TableArgs(
                place=tagged,
                purpose=table.purpose,
                partition_key=table.partition_key,
                sort_key=table.sort_key,
                point_in_time_recovery=settings.point_in_time_recovery,
                key_arn=key_arn,
                alarm_actions=alarm_actions,
            )
        )
        for table in inventory.tables
    ]
