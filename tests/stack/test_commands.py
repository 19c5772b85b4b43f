"""The commands of deploy.mk, with a program in place of the Pulumi CLI that writes down how it was called."""

import os
import subprocess
from pathlib import Path

import pytest

from stack.settings import CHECKOUT


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    cli = tmp_path / "pulumi"
    cli.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    cli.chmod(0o755)
    return tmp_path / "calls"


def make(*arguments: str, path: str = "", answer: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
    own = [f"LET_GO={path}/let-go", "--old-file=layer"] if path else []
    return subprocess.run(
        ["make", "--no-print-directory", "-C", str(CHECKOUT), *own, *arguments],
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_environment_must_be_named() -> None:
    told = make("refresh")
    assert told.returncode != 0
    assert "which environment? type make refresh ENV=dev" in told.stderr


def test_an_unknown_environment_is_refused(calls: Path) -> None:
    assert make("refresh", "ENV=production-2", path=str(calls.parent)).returncode != 0
    assert not calls.exists()


def test_without_the_cli_the_way_without_an_account_is_told() -> None:
    assert "type localcloud apply --env dev" in make("outputs", "ENV=dev").stderr


@pytest.mark.parametrize(
    ("goal", "called"), [("refresh", "refresh --stack dev"), ("outputs", "stack output --json --stack dev")]
)
def test_a_goal_calls_the_cli_for_its_environment(calls: Path, goal: str, called: str) -> None:
    assert make(goal, "ENV=dev", path=str(calls.parent)).returncode == 0
    assert calls.read_text().splitlines() == [called]


@pytest.mark.parametrize(("name", "stack"), [("development", "dev"), ("stg", "staging"), ("production", "prod")])
def test_a_long_name_of_an_environment_means_its_stack(calls: Path, name: str, stack: str) -> None:
    """A stack called production would be a second environment with the resource names of prod."""
    assert make("refresh", f"ENV={name}", path=str(calls.parent)).returncode == 0
    assert calls.read_text().splitlines() == [f"refresh --stack {stack}"]


def test_a_destroy_asks_for_the_environments_name_first(calls: Path) -> None:
    assert make("destroy", "ENV=prod", path=str(calls.parent), answer="dev\n").returncode != 0
    assert not calls.exists()


def test_a_destroy_that_is_confirmed_lets_go_of_the_data_and_then_deletes(calls: Path) -> None:
    assert make("destroy", "ENV=prod", path=str(calls.parent), answer="prod\n").returncode == 0
    assert calls.read_text().splitlines() == [
        "config set unprotected all --stack prod",
        "config set deletionProtection false --stack prod",
        "up --yes --skip-preview --stack prod",
        "destroy --yes --stack prod",
        "config rm unprotected --stack prod",
        "config rm deletionProtection --stack prod",
    ]


def test_a_destroy_that_was_stopped_half_way_goes_on_and_makes_nothing_again(calls: Path) -> None:
    """A second ``pulumi up`` would have made again what the first half had deleted."""
    broken, good = calls.with_name("pulumi"), calls.with_name("pulumi").read_text()
    broken.write_text(f'{good}test "$1" != destroy\n')
    assert make("destroy", "ENV=dev", "CONFIRM=dev", path=str(calls.parent)).returncode != 0
    broken.write_text(good)
    calls.unlink()

    assert make("destroy", "ENV=dev", "CONFIRM=dev", path=str(calls.parent)).returncode == 0
    assert calls.read_text().splitlines() == [
        "destroy --yes --stack dev",
        "config rm unprotected --stack dev",
        "config rm deletionProtection --stack dev",
    ]


def test_a_deploy_after_a_destroy_that_was_begun_says_that_the_data_is_unprotected(calls: Path) -> None:
    calls.with_name("let-go").touch()

    told = make("deploy", "ENV=dev", path=str(calls.parent))

    assert "pulumi config rm unprotected --stack dev" in told.stderr
    assert calls.read_text().splitlines() == ["up --stack dev"]
    assert not calls.with_name("let-go").exists()
