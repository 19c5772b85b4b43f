import json
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.engine.errors import EngineError
from localcloud.engine.lock import locked
from localcloud.engine.state import Recorded, load_state
from localcloud.engine.values import Secret
from localcloud.resources.archives import Archive


def queue(name: str, **fields: object) -> Recorded:
    made = Recorded(urn=f"urn:pulumi:s::p::aws:sqs/queue:Queue::{name}", kind="aws:sqs/queue:Queue", custom=True)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_recorded_resource_is_on_disk_at_once_and_comes_back(tmp_path: Path) -> None:
    resource = queue("a", identifier="url", inputs={"delaySeconds": 3}, outputs={"arn": "x"}, dependencies=("urn:b",))

    load_state(tmp_path, "dev").record(resource)

    assert load_state(tmp_path, "dev").resources == {resource.urn: resource}


def test_a_secret_is_never_on_disk_in_plain_text_and_comes_back(tmp_path: Path) -> None:
    resource = queue("a", inputs={"value": Secret({"deep": ["top-secret-text"]})}, outputs={"list": [Secret("other")]})
    state = load_state(tmp_path, "dev")

    state.record(resource)
    state.settle(outputs={"password": Secret("third-secret")})

    text = (tmp_path / "dev.json").read_text()
    assert not [word for word in ("top-secret-text", "other", "third-secret") if word in text]
    again = load_state(tmp_path, "dev")
    assert again.resources[resource.urn] == resource
    assert again.outputs == {"password": Secret("third-secret")}


def test_key_and_state_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    load_state(tmp_path / "state", "dev").settle(outputs={})

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}

    assert modes == {"key": 0o600, "dev.json": 0o600}


def test_another_key_is_named_as_the_reason(tmp_path: Path) -> None:
    load_state(tmp_path, "dev").settle(outputs={"a": Secret("x")})
    (tmp_path / "key").unlink()

    with pytest.raises(EngineError, match="another key"):
        load_state(tmp_path, "dev")


def test_of_an_archive_the_state_keeps_the_digest_alone(tmp_path: Path) -> None:
    load_state(tmp_path, "dev").record(queue("a", inputs={"code": Archive(b"PK-content")}))

    stored = load_state(tmp_path, "dev").resources[queue("a").urn].inputs["code"]

    assert stored.digest == Archive(b"PK-content").digest
    assert "PK-content" not in (tmp_path / "dev.json").read_text()


def test_a_replaced_resource_is_condemned_in_the_same_write(tmp_path: Path) -> None:
    old, new = queue("a", identifier="old"), queue("a", identifier="new")
    state = load_state(tmp_path, "dev")
    state.record(old)

    state.record(new, replaced=old)

    again = load_state(tmp_path, "dev")
    assert (again.resources[new.urn], again.condemned) == (new, [old])


def test_renaming_moves_everything_that_names_the_old_urn(tmp_path: Path) -> None:
    old, child = queue("old"), queue("child", dependencies=(queue("old").urn,), parent=queue("old").urn)
    state = load_state(tmp_path, "dev")
    state.record(old)
    state.record(child)

    state.rename(old.urn, queue("new").urn)

    moved = load_state(tmp_path, "dev").resources
    assert list(moved) == [queue("new").urn, child.urn]
    assert (moved[child.urn].dependencies, moved[child.urn].parent) == ((queue("new").urn,), queue("new").urn)


def test_dependents_are_deleted_before_what_they_depend_on(tmp_path: Path) -> None:
    base, middle = queue("base"), queue("middle", dependencies=(queue("base").urn,))
    leaf = queue("leaf", dependencies=(queue("middle").urn,))

    order = load_state(tmp_path, "dev").deletion_order([leaf, base, middle])

    assert [resource.name for resource in order] == ["leaf", "middle", "base"]


def test_a_broken_state_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text("{")

    with pytest.raises(EngineError, match=r"dev\.json is not JSON"):
        load_state(tmp_path, "dev")


def test_a_state_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(json.dumps({"format": 99}))

    with pytest.raises(EngineError, match="format 99"):
        load_state(tmp_path, "dev")


def test_two_deployments_of_one_stack_do_not_run_at_once(tmp_path: Path) -> None:
    with (
        locked(tmp_path, "dev"),
        pytest.raises(EngineError, match=r"stack dev is being deployed by process \d+"),
        locked(tmp_path, "dev"),
    ):
        pass


def test_two_stacks_may_be_deployed_at_once(tmp_path: Path) -> None:
    with locked(tmp_path, "dev"), locked(tmp_path, "prod"):
        assert (tmp_path / "prod.lock").exists()
