"""Where awslambdaric is not: ministack's own workers run the code, everything else stays."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from localcloud.running import RunningCloud
from localcloud.starting import end_server, parse_announcement
from tests.localcloud.functions_under_test import behind_alias

SERVER = """
import sys
sys.modules["awslambdaric"] = None
from localcloud.server import main
main(["--port", "0", "--xray-port", "0", "--seed", "7", "--until-parent-exits", "--folder", sys.argv[1]])
"""


@pytest.mark.localcloud
def test_without_the_runtime_client_weights_and_counts_hold_and_it_is_said_once(tmp_path: Path) -> None:
    said = tmp_path / "stderr"
    with said.open("w") as log:
        command = [sys.executable, "-c", SERVER, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout
            told = parse_announcement(process.stdout.readline())
            cloud = RunningCloud(endpoint=told.endpoint, port=told.port, pid=told.pid)
            function = behind_alias(cloud, 0.5, name="fallback")
            calls = [function.invoke(qualifier="live") for _ in range(20)]
            counted = {version: function.counted(version) for version in ("1", "2")}
        finally:
            end_server(process)
    seen = Counter(call.answer["ExecutedVersion"] for call in calls)
    assert [call.payload["version"] for call in calls] == [call.answer["ExecutedVersion"] for call in calls]
    assert len(seen) == 2
    assert counted == seen
    assert said.read_text().count("awslambdaric is not here") == 1
