"""The program's graph of each environment, recorded once a session."""

import pytest

from tests.stack.recording import Graph, recorded


@pytest.fixture(scope="session", params=["dev", "staging", "prod"])
def graph(request: pytest.FixtureRequest) -> Graph:
    return recorded(request.param)


@pytest.fixture(scope="session")
def dev() -> Graph:
    return recorded("dev")
