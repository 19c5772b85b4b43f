from pathlib import Path

import pytest

from stack import layer
from stack.errors import SettingsError


def installed(folder: Path) -> Path:
    for name in ("aws_xray_sdk/__init__.py", "wrapt-2.5.2.dist-info/METADATA", "wrapt-2.5.2.dist-info/INSTALLER"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_layer_has_its_packages_where_lambda_looks_and_nothing_that_depends_on_the_machine(tmp_path: Path) -> None:
    content = layer.layer_of(installed(tmp_path / "one"))
    assert content == layer.layer_of(installed(tmp_path / "two"))
    assert b"python/aws_xray_sdk/__init__.py" in content
    assert b"INSTALLER" not in content


def test_versions_come_from_the_pins() -> None:
    text = "attrs==25.4.0\naws-xray-sdk==2.15.0\nwrapt==2.5.2 ; sys_platform == 'linux'\n"
    assert layer.pinned(text, layer.PACKAGES) == ("aws-xray-sdk==2.15.0", "wrapt==2.5.2")


def test_a_package_without_a_pin_is_refused() -> None:
    with pytest.raises(SettingsError, match="no pin of wrapt; type make lock"):
        layer.pinned("aws-xray-sdk==2.15.0\n", layer.PACKAGES)


def test_wheels_are_those_of_the_functions_processor_and_python() -> None:
    command = layer.pip_command(["wrapt==2.5.2"], "arm64", "3.13", Path("folder"))
    assert "--only-binary :all: --target folder --platform manylinux2014_aarch64 --python-version 3.13" in " ".join(
        command
    )
