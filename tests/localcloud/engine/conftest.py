import uuid
from pathlib import Path

import pytest

from localcloud.running import RunningCloud
from tests.localcloud.engine.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path, cloud: RunningCloud) -> Sandbox:
    """A stack of this test's own on the session's cloud."""
    return Sandbox(root=tmp_path, cloud=cloud, project=f"t{uuid.uuid4().hex[:10]}")
