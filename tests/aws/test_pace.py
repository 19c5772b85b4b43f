"""Lambda allows 15 control-plane calls a second to everybody together; the controller asks for ten (issue 4)."""

import threading
import time

import pytest

from canary.aws.clients import CALLS_A_SECOND, Pace, connect
from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, none of which takes any time."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    return slept


def test_a_crowd_of_calls_passes_evenly_spaced_whichever_thread_makes_them(slept: list[float]) -> None:
    pace = Pace(10)
    threads = [threading.Thread(target=pace.wait, args=("before-send.lambda.GetAlias",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(slept) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_calls_of_functions_wait_for_nothing(slept: list[float]) -> None:
    pace = Pace(10)
    for _ in range(3):
        pace.wait("before-send.lambda.Invoke")

    assert slept == []


def test_every_control_plane_call_of_a_wired_client_is_paced(
    cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced: list[str] = []
    monkeypatch.setattr(Pace, "wait", lambda _self, event_name, **_: paced.append(event_name))
    variables = {"ENDPOINT_URL": cloud.endpoint, "ACCESS_KEY_ID": ACCESS_KEY, "SECRET_ACCESS_KEY": SECRET_KEY}
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    connect(cloud.region).functions.list_functions()

    assert paced == ["before-send.lambda.ListFunctions"]
    assert CALLS_A_SECOND < 15
