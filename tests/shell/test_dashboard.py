"""The local page: what it shows, and to whom it does not."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from canary.core.errors import ConfigError, Unavailable
from canary.core.orders import Stop
from canary.core.rollout import Rollout
from canary.dashboard.server import Dashboard
from tests.fakes import START, Behaviour, Simulation
from tests.scenarios.conftest import opened, simulation, watched  # noqa: F401 - fixtures

Get = Callable[..., tuple[int, str]]


@pytest.fixture
def dashboard(simulation: Simulation) -> Iterator[Dashboard]:  # noqa: F811 - the fixture
    with Dashboard(simulation.world, 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def get(dashboard: Dashboard) -> Get:
    def get_it(path: str = "", **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"{dashboard.url}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    return get_it


def test_open_and_ended_rollouts_are_listed_with_where_they_stand(
    simulation: Simulation,  # noqa: F811
    opened: Callable[..., Rollout],  # noqa: F811
    watched: Callable[[Rollout], Rollout],  # noqa: F811
    get: Get,
) -> None:
    simulation.fleet.behaviour["2"] = Behaviour(errors=0.5)
    bad = watched(opened())
    going = opened()

    status, page = get()

    assert status == 200
    before, after = page.index("<h2>Open</h2>"), page.index("<h2>Ended</h2>")
    assert before < page.index(f'href="/rollouts/{going.id}"') < after < page.index(f'href="/rollouts/{bad.id}"')
    assert "the limit is 1 %" in page
    assert "<script" not in page


def test_a_stop_of_all_rollouts_stands_above_everything(simulation: Simulation, get: Get) -> None:  # noqa: F811
    simulation.orders.stop(Stop(at=START, by="amy", why="<the bank> is down"))

    assert "stopped by amy at 2026-11-21 03:00 UTC: &lt;the bank&gt; is down" in get()[1]


def test_one_rollout_is_told_with_its_ledger_and_asked_for_again_while_it_is_open(
    opened: Callable[..., Rollout],  # noqa: F811
    watched: Callable[[Rollout], Rollout],  # noqa: F811
    get: Get,
) -> None:
    rollout = opened()
    while_open = get(f"rollouts/{rollout.id}")[1]
    watched(rollout)
    when_ended = get(f"rollouts/{rollout.id}")[1]

    assert "Ledger" in when_ended
    assert ['http-equiv="refresh"' in page for page in (while_open, when_ended)] == [True, False]


@pytest.mark.parametrize("path", ["rollouts/r-nowhere", "secrets", "rollouts/%3Cscript%3E"])
def test_what_is_not_there_is_not_found(get: Get, path: str) -> None:
    status, page = get(path)

    assert (status, "<script>" in page) == (404, False)


def test_a_store_that_does_not_answer_is_told(
    simulation: Simulation,  # noqa: F811
    get: Get,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise Unavailable("reading the rollout table rollouts: no answer")

    monkeypatch.setattr(simulation.store, "list_open", away)

    assert get() == (503, get()[1])
    assert "reading the rollout table rollouts: no answer" in get()[1]


def test_a_site_that_lets_its_name_point_here_reads_nothing(opened: Callable[..., Rollout], get: Get) -> None:  # noqa: F811
    rollout = opened()

    status, page = get(Host="evil.example")

    assert (status, rollout.id in page) == (403, False)


def test_a_port_that_is_taken_is_one_line(dashboard: Dashboard, simulation: Simulation) -> None:  # noqa: F811
    with pytest.raises(ConfigError, match="cannot be used: Address already in use; take another: --port 0"):
        Dashboard(simulation.world, dashboard.server_port)


def test_names_are_escaped(simulation: Simulation, opened: Callable[..., Rollout], get: Get) -> None:  # noqa: F811
    rollout = opened(by="<b>amy</b>")
    simulation.store.states[rollout.id] = replace(rollout, held="<i>frozen</i>")

    assert "<i>frozen</i>" not in get()[1]
