import json
from pathlib import Path

import pytest

from localcloud.engine.endpoint import Target, find_target, require_loopback
from localcloud.engine.errors import EndpointUnavailable, EngineError


def instance(root: Path, endpoint: str) -> Path:
    (root / ".localcloud").mkdir()
    document = {"pid": 1, "port": 4566, "endpoint": endpoint, "instance_id": "abc"}
    (root / ".localcloud" / "instance.json").write_text(json.dumps(document))
    return root


def test_the_recorded_instance_is_found(tmp_path: Path) -> None:
    root = instance(tmp_path, "http://127.0.0.1:4566")

    assert find_target(root, {}) == Target(endpoint="http://127.0.0.1:4566", instance="abc")


def test_the_environment_names_another_cloud_whose_run_is_unknown(tmp_path: Path) -> None:
    root = instance(tmp_path, "http://127.0.0.1:4566")

    assert find_target(root, {"AWS_ENDPOINT_URL": "http://localhost:9/"}) == Target(
        endpoint="http://localhost:9", instance=""
    )


def test_the_environment_may_name_the_recorded_one(tmp_path: Path) -> None:
    root = instance(tmp_path, "http://127.0.0.1:4566")

    assert find_target(root, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}).instance == "abc"


def test_no_running_cloud_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(EndpointUnavailable, match="localcloud up") as raised:
        find_target(tmp_path, {})

    assert raised.value.exit_code == 75


@pytest.mark.parametrize("endpoint", ["https://lambda.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "127.0.0.1:1"])
def test_anything_but_loopback_is_refused(endpoint: str) -> None:
    with pytest.raises(EngineError, match="not on loopback"):
        require_loopback(endpoint)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:80", "http://127.9.9.9"]
)
def test_every_form_of_loopback_is_taken(endpoint: str) -> None:
    assert require_loopback(endpoint) == endpoint
