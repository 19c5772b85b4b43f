import json
from pathlib import Path
from typing import Any

import pytest

from stack.errors import SettingsError
from stack.inventory import read_inventory
from stack.settings import CHECKOUT
from tests.stack.recording import recorded

EXAMPLE = CHECKOUT / "examples" / "inventory.json"
INVENTORY: dict[str, Any] = json.loads(EXAMPLE.read_text())


def written(folder: Path, **changes: object) -> Path:
    path = folder / "inventory.json"
    path.write_text(json.dumps({**INVENTORY, **changes}))
    return path


def test_the_example_is_stood_up_as_production_and_says_where_it_came_from() -> None:
    """C7"""
    graph = recorded("prod", ("inventory", str(EXAMPLE)))
    assert graph.outputs["migrated"] == {"from": "dev", "buckets": 1, "tables": 2, "functions": 1}
    table = graph.one("aws:dynamodb/table:Table", "table-orders-prod").inputs
    assert (table["hashKey"], table["rangeKey"]) == ("customer_id", "ordered_at")
    assert table["tags"]["MigratedFrom"] == "dev"
    assert table["tags"]["MigrationDate"] == "2026-11-21"
    assert graph.one("aws:s3/bucket:Bucket", "bucket-receipts-prod").protected
    assert graph.one("aws:lambda/alias:Alias", "alias-statement-printer-live-prod").ignored


def test_migrated_tables_are_backed_up_like_all_others() -> None:
    """C3: the copy of a table that came from elsewhere was in no plan, and the role had no right to make one."""
    graph = recorded("prod", ("inventory", str(EXAMPLE)))
    (selection,) = graph.of("aws:backup/selection:Selection")
    backed_up = {arn.rpartition(":")[2] for arn in selection.inputs["resources"]}
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "policy-table-backups-prod").inputs["policy"])
    (copied,) = (each["Resource"] for each in policy["Statement"] if each["Sid"] == "CopyTables")
    assert {"table-customers-prod", "table-orders-prod", "table-payments-prod"} <= backed_up
    assert len(copied) == len(backed_up) == 6


@pytest.mark.parametrize("source", ["prod", "production"])
def test_an_environments_own_inventory_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(SettingsError, match="environment must be another one than prod"):
        read_inventory(written(tmp_path, environment=source), "prod")


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_inventory(tmp_path / "none.json", "prod")


def test_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_inventory(tmp_path, "prod")


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe"])
def test_a_file_that_is_no_json_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "inventory.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="is no JSON"):
        read_inventory(path, "prod")


FUNCTION: dict[str, Any] = INVENTORY["functions"][0]


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
        ({"remarks": "none"}, "the file must be without 'remarks'; known are schema, environment"),
        ({"buckets": [{"purpose": "a", "region": "x"}]}, r"buckets\[0\] must be without 'region'; known are purpose"),
        (
            {"tables": [{"purpose": "payments", "partition_key": "id"}]},
            "than 'payments', which is taken",
        ),
        (
            {"tables": [{"purpose": "t", "partition_key": "id", "sort_key": "id"}]},
            r"tables\[0\].sort_key must be another",
        ),
        ({"functions": [FUNCTION | {"purpose": "rollout-controller"}]}, "which is taken"),
        ({"functions": [FUNCTION | {"purpose": "f" * 60}]}, r"functions\[0\].purpose must be shorter by 18 characters"),
        ({"functions": [FUNCTION | {"bundle": "no/such"}]}, r"functions\[0\].bundle must be a folder or zip file"),
        ({"functions": [FUNCTION | {"handler": "handler"}]}, r"functions\[0\].handler must be MODULE.FUNCTION"),
        ({"functions": [FUNCTION | {"handler": "app.handler"}]}, r"functions\[0\].handler must be MODULE.FUNCTION"),
        ({"functions": [FUNCTION | {"handler": "handlers.other.handler"}]}, r"\.handler must be MODULE.FUNCTION"),
        ({"functions": [FUNCTION | {"timeout_seconds": 0}]}, r"functions\[0\].timeout_seconds must be a whole number"),
        (
            {"functions": [FUNCTION | {"timeout_seconds": True}]},
            r"functions\[0\].timeout_seconds must be a whole number",
        ),
    ],
)
def test_a_malformed_inventory_is_refused_with_the_place(tmp_path: Path, changes: dict[str, Any], where: str) -> None:
    with pytest.raises(SettingsError, match=where):
        read_inventory(written(tmp_path, **changes), "prod")
