"""One embedded cloud for the whole session: starting one for each folder would cost each its start and its memory.

Hypothesis measures no time here: how long an example takes says more about the machine than about the code. Workers of
xdist set COLUMNS, and rich would keep that width for good.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from localcloud.running import RunningCloud, running_cloud

os.environ.pop("COLUMNS", None)
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def cloud() -> Iterator[RunningCloud]:
    """A real embedded cloud on a free port; give your resources names of your own."""
    with running_cloud("--seed", "7") as running:
        yield running
