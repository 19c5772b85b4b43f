from pathlib import Path

import pytest

from localcloud.engine.errors import EngineError
from localcloud.engine.project import load_project, stack_named


def project(root: Path, text: str = "name: pay\nmain: app\nruntime: python\n", stack: str = "") -> Path:
    (root / "app").mkdir()
    (root / "app" / "__main__.py").touch()
    (root / "Pulumi.yaml").write_text(text)
    if stack:
        (root / "Pulumi.dev.yaml").write_text(stack)
    return root


def test_the_program_is_where_main_says_and_found_from_below(tmp_path: Path) -> None:
    project(tmp_path)

    found = load_project(tmp_path / "app", "dev")

    assert (found.name, found.root, found.program) == ("pay", tmp_path, tmp_path / "app")


def test_a_long_name_means_the_stack_that_is_there_under_the_short_one(tmp_path: Path) -> None:
    """Applied as a stack of its own, production would be made a second time, under the names of prod."""
    root = project(tmp_path, stack="config: {}\n")

    assert [stack_named(root, name) for name in ("dev", "development", "production")] == ["dev", "dev", "production"]
    (root / "Pulumi.development.yaml").write_text("config: {}\n")
    assert stack_named(root, "development") == "development"


def test_config_keys_keep_their_namespace_or_get_the_project_s(tmp_path: Path) -> None:
    stack = "config:\n  aws:region: eu-west-1\n  pay:size: 3\n  flag: true\n  pay:list: [1, a]\n"

    found = load_project(project(tmp_path, stack=stack), "dev")

    assert found.config == {"aws:region": "eu-west-1", "pay:size": "3", "pay:flag": "true", "pay:list": '[1, "a"]'}


def test_the_stack_s_config_wins_over_the_project_s_default_and_the_caller_s_over_both(tmp_path: Path) -> None:
    defaults = "config:\n  size:\n    default: 1\n  depth: 1\n  aws:region: r\n"
    text = f"name: pay\nmain: app\nruntime:\n  name: python\n{defaults}"
    root = project(tmp_path, text, stack="config:\n  pay:size: 2\n  pay:depth: 2\n")

    found = load_project(root, "dev", {"depth": "3"})

    assert found.config == {"pay:size": "2", "pay:depth": "3", "aws:region": "r"}


def test_a_value_that_the_pulumi_cli_encrypted_is_refused_by_key(tmp_path: Path) -> None:
    root = project(tmp_path, stack="config:\n  pay:token:\n    secure: AAAB\n")

    with pytest.raises(EngineError, match=r"pay:token is encrypted by the Pulumi CLI.*--config pay:token="):
        load_project(root, "dev")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: pay\nruntime: nodejs\n", "runtime python"),
        ("runtime: python\n", "wanted a name"),
        ("name: pay\nruntime: python\nmain: nowhere\n", "no such file"),
        ("- a\n", "wanted a mapping"),
        ("a: [", "Pulumi.yaml"),
    ],
)
def test_a_project_file_that_cannot_be_used_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        load_project(project(tmp_path, text), "dev")


def test_no_project_is_said() -> None:
    with pytest.raises(EngineError, match=r"no Pulumi.yaml here or above"):
        load_project(Path(Path.cwd().anchor), "dev")
