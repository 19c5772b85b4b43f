"""Which environment gets a call, when another is made, and when one is ended. No process is started here."""

import threading
from pathlib import Path

import pytest

from localcloud.functions import pool as pooling
from localcloud.functions.environment import Environment
from localcloud.functions.model import Launch
from localcloud.functions.pool import EnvironmentKey, EnvironmentPool, Place
from tests.localcloud.cloudwatch_clients import eventually

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def key(version: str = "1", revision: str = "a") -> EnvironmentKey:
    return EnvironmentKey(function=ARN, version=version, revision=revision)


def unstarted() -> Environment:
    return Environment(Launch(handler="app.handler", code=Path(), variables={}), version="1")


def leased(pool: EnvironmentPool, of: EnvironmentKey | None = None) -> Place:
    place = pool.lease(of or key(), unstarted)
    pool.settle(place)
    return place


def given_back(pool: EnvironmentPool, *places: Place) -> None:
    for place in places:
        pool.give_back(place)


def test_the_most_recently_used_environment_is_used_again() -> None:
    pool = EnvironmentPool()
    first, second = leased(pool), leased(pool)
    given_back(pool, first, second)
    assert leased(pool) is second
    assert leased(pool) is first


def test_an_environment_serves_its_own_version_and_revision_only() -> None:
    pool = EnvironmentPool()
    first = leased(pool, key("1", "a"))
    given_back(pool, first)
    assert leased(pool, key("2", "a")) is not first
    assert leased(pool, key("1", "b")) is not first


def test_a_retired_environment_is_not_used_again_even_if_it_was_busy() -> None:
    pool = EnvironmentPool()
    busy, idle, other = leased(pool), leased(pool), leased(pool, key("2"))
    given_back(pool, idle, other)
    pool.retire(ARN, "1")
    given_back(pool, busy)
    assert pool.counts() == {"idle": 1, "busy": 0}
    assert leased(pool, key("2")) is other


def test_what_is_idle_for_too_long_is_ended_unless_it_is_reserved() -> None:
    pool = EnvironmentPool()
    pool.reserve(key("2"), unstarted())
    given_back(pool, leased(pool))
    pool.end_idle(longer_than_s=3600)
    assert pool.counts() == {"idle": 2, "busy": 0}
    pool.end_idle(longer_than_s=0)
    assert pool.counts() == {"idle": 1, "busy": 0}
    pool.unreserve(ARN, "2")
    pool.end_idle(longer_than_s=0)
    assert pool.counts() == {"idle": 0, "busy": 0}


def test_at_the_limit_the_longest_idle_environment_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "MOST_ENVIRONMENTS", 2)
    pool = EnvironmentPool()
    oldest, newer = leased(pool, key("1")), leased(pool, key("2"))
    given_back(pool, oldest, newer)
    third = leased(pool, key("3"))
    given_back(pool, third)
    assert pool.counts() == {"idle": 2, "busy": 0}
    assert leased(pool, key("2")) is newer


def test_a_caller_waits_for_a_warm_environment_while_enough_are_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "MOST_STARTING", 1)
    monkeypatch.setattr(pooling, "PATIENCE_SECONDS", 60)
    pool, got = EnvironmentPool(), list[Place]()
    starting = pool.lease(key(), unstarted)
    waiter = threading.Thread(target=lambda: got.append(leased(pool)))
    waiter.start()
    pool.give_back(starting)
    waiter.join()
    assert got == [starting]


def test_a_caller_does_not_wait_for_ever_for_what_may_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that calls itself holds the environment that its call would wait for."""
    monkeypatch.setattr(pooling, "MOST_ENVIRONMENTS", 1)
    monkeypatch.setattr(pooling, "PATIENCE_SECONDS", 0.01)
    pool = EnvironmentPool()
    outer = leased(pool)
    assert leased(pool) is not outer


def test_a_failure_to_make_an_environment_does_not_count_as_one_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "MOST_STARTING", 1)
    monkeypatch.setattr(pooling, "PATIENCE_SECONDS", 60)
    pool = EnvironmentPool()

    def broken() -> Environment:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        pool.lease(key(), broken)
    assert leased(pool)


def test_closing_ends_everything_and_what_is_given_back_later() -> None:
    pool = EnvironmentPool()
    busy = leased(pool)
    given_back(pool, leased(pool))
    pool.close()
    given_back(pool, busy)
    assert pool.counts() == {"idle": 0, "busy": 0}


def test_idle_environments_are_ended_by_the_pool_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "TIDY_SECONDS", 0.01)
    monkeypatch.setattr(pooling, "IDLE_SECONDS", 0.0)
    pool = EnvironmentPool()
    given_back(pool, leased(pool))
    pool.keep_tidy()
    assert eventually(lambda: pool.counts() == {"idle": 0, "busy": 0}, "the end of what is idle")
