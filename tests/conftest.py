"""One embedded cloud for the whole session: starting one for each folder would cost each its start and its memory."""

from collections.abc import Iterator

import pytest

from localcloud.running import RunningCloud, running_cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[RunningCloud]:
    """A real embedded cloud on a free port; give your resources names of your own."""
    with running_cloud("--seed", "7") as running:
        yield running
