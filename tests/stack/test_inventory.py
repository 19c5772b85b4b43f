import json
from pathlib import Path
from typing import Any

import pytest

from stack.errors import SettingsError
from stack.inventory import read_inventory, stand_up
from stack.program import place_of
from stack.settings import CHECKOUT, parse_settings
from tests.stack.recording import record

EXAMPLE = CHECKOUT / "examples" / "inventory.json"
INVENTORY: dict[str, Any] = json.loads(EXAMPLE.read_text())


def written(folder: Path, **changes: object) -> Path:
    path = folder / "inventory.json"
    path.write_text(json.dumps({**INVENTORY, **changes}))
    return path


def test_the_example_is_stood_up_as_production_and_says_where_it_came_from() -> None:
    """C7"""
    graph = record("prod", {"inventory": str(EXAMPLE)})
    assert graph.outputs["migrated"] == {"from": "dev", "buckets": 1, "tables": 2, "functions": 1}
    table = graph.one("aws:dynamodb/table:Table", "table-orders-prod").inputs
    assert (table["hashKey"], table["rangeKey"]) == ("customer_id", "ordered_at")
    assert table["tags"]["MigratedFrom"] == "dev"
    assert table["tags"]["MigrationDate"] == "2026-11-21"
    assert graph.one("aws:s3/bucket:Bucket", "bucket-receipts-prod").protected
    assert graph.one("aws:lambda/alias:Alias", "alias-statement-printer-live-prod").ignored


def test_an_environments_own_inventory_is_refused() -> None:
    settings = parse_settings("dev", "us-east-1", {})
    with pytest.raises(SettingsError, match="of dev itself"):
        stand_up(read_inventory(EXAMPLE), settings, place_of(settings, "1" * 12), key_arn="arn", alarm_actions=[])


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_inventory(tmp_path / "none.json")


def test_a_file_that_is_no_json_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "inventory.json"
    path.write_text("{")
    with pytest.raises(SettingsError, match="is no JSON"):
        read_inventory(path)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"schema": "inventory/9"}, "the file must be an object with"),
        ({"environment": ""}, "the file.environment must be a text"),
        ({"migration_date": "yesterday"}, "migration_date must be a date"),
        ({"buckets": {}}, "buckets must be a list of objects"),
        ({"tables": [{"purpose": "customers"}]}, r"tables\[0\].partition_key must be a text"),
        ({"buckets": [{"purpose": "My Bucket"}]}, r"buckets\[0\].purpose must be lower-case words"),
        ({"buckets": [{"purpose": "a"}, {"purpose": "a"}]}, "buckets must be without the purpose 'a' twice"),
        (
            {"functions": [{"purpose": "f", "handler": "h", "bundle": "b", "timeout_seconds": 0}]},
            r"functions\[0\].timeout_seconds must be a whole number from 1 to 900",
        ),
    ],
)
def test_a_malformed_inventory_is_refused_with_the_place(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    with pytest.raises(SettingsError, match=where):
        read_inventory(written(tmp_path, **changes))
