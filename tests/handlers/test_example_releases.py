"""The two example releases: what they replace, and how the faulty one fails for real callers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from examples.faulty_release.payment_processor import fees as faulty
from examples.healthy_release.payment_processor import fees as healthy
from examples.releases import SERVICE, build_release, main
from handlers.payment_processor import fees as current
from handlers.shared.money import Currency
from handlers.shared.release_metrics import SLOW_AFTER_MS

CENTS = range(100)
EXAMPLES = SERVICE.parent / "examples"


@pytest.mark.parametrize("name", ["healthy_release", "faulty_release"])
def test_a_release_is_the_service_with_one_module_replaced(name: str, tmp_path: Path) -> None:
    built = build_release(EXAMPLES / name, tmp_path / "release")
    ours = {path.relative_to(SERVICE): path.read_bytes() for path in SERVICE.rglob("*.py")}
    theirs = {path.relative_to(built): path.read_bytes() for path in built.rglob("*.py")}
    assert [str(path) for path in theirs if theirs[path] != ours.get(path)] == ["payment_processor/fees.py"]
    assert theirs.keys() == ours.keys()


def test_an_overlay_that_replaces_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fee.py").touch()
    with pytest.raises(FileNotFoundError, match="replaces nothing"):
        build_release(tmp_path, tmp_path / "release")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(FileExistsError, match="holds no release"):
        build_release(EXAMPLES / "faulty_release", tmp_path)
    assert (tmp_path / "precious").exists()


def test_a_wrong_command_says_how_to_type_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no_release"]) == 2
    assert "{faulty_release,healthy_release} FOLDER" in capsys.readouterr().err


def test_the_healthy_release_changes_the_wallet_rate_only() -> None:
    for cents in CENTS:
        assert healthy.fee(cents + 1, Currency.GBP, "card_tok") == current.fee(cents + 1, Currency.GBP, "card_tok")
    assert healthy.fee(10_000, Currency.USD, "wallet_tok") == 120


def test_the_faulty_release_fails_for_one_amount_in_twenty() -> None:
    def fails(cents: int) -> bool:
        try:
            faulty.fee(1200 + cents, Currency.USD, "card_tok")
        except IndexError:
            return True
        return False

    assert [cents for cents in CENTS if fails(cents)] == [95, 96, 97, 98, 99]


def test_the_faulty_release_holds_a_sterling_wallet_longer_than_a_request_may_take() -> None:
    assert sum(faulty.QUOTE_PAUSES) * 1000 > SLOW_AFTER_MS


@pytest.mark.usefixtures("payments_table")
def test_the_faulty_release_answers_a_caught_exception_with_500(tmp_path: Path) -> None:
    """In a process of its own, from the built bundle alone: nothing of the checkout is on its path."""
    build_release(EXAMPLES / "faulty_release", tmp_path / "handlers")
    script = """
import json, sys
from tests_events import Context, order_text, proxy
from handlers.payment_processor.app import handler
handler(proxy("POST", "/payments", body=order_text("1.95")), Context())
"""
    (tmp_path / "tests_events.py").write_bytes((SERVICE.parent / "tests/handlers/events.py").read_bytes())
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    log, metrics = map(json.loads, run.stdout.splitlines())
    assert (metrics["Requests"], metrics["Faults"]) == (1, 1)
    assert "IndexError" in log["error"]
