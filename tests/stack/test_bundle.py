import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import botocore
import pytest

from stack.bundle import LARGEST_DIRECT_UPLOAD, code_bundle, described, has_module, store, zip_of
from stack.delivery import controller_bundle
from stack.errors import SettingsError
from stack.grants import FUNCTIONS
from stack.service import parts_of
from stack.settings import parse_settings
from tests.stack.recording import Graph


def folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_same_files_give_the_same_bundle_whatever_their_dates_order_and_rights(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", {"a.py": "A", "b/c.py": "C"})
    two = folder(tmp_path / "two", {"b/c.py": "C", "a.py": "A"})
    os.utime(two / "a.py", (0, 0))
    (two / "a.py").chmod(0o700)
    assert code_bundle(one, tmp_path / "build") == code_bundle(two, tmp_path / "build")


def test_other_code_gives_another_bundle(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", {"a.py": "A"})
    two = folder(tmp_path / "two", {"a.py": "B"})
    assert code_bundle(one, tmp_path / "build") != code_bundle(two, tmp_path / "build")


def test_the_folder_becomes_the_package_handlers_without_what_interpreters_left(tmp_path: Path) -> None:
    source = folder(tmp_path / "v2", {"__init__.py": "", "app.py": "A", "__pycache__/app.cpython-313.pyc": "x"})
    with zipfile.ZipFile(code_bundle(source, tmp_path / "build")) as bundle:
        assert bundle.namelist() == ["handlers/__init__.py", "handlers/app.py"]


def test_a_bundle_is_described_by_its_size_and_hash(tmp_path: Path) -> None:
    bundle = code_bundle(folder(tmp_path / "one", {"a.py": "A"}), tmp_path / "build")
    assert described(bundle) == {"bytes": bundle.stat().st_size, "sha256": bundle.stem}


def test_every_deployment_tells_the_sizes_of_its_bundles(dev: Graph) -> None:
    bundles = dev.outputs["bundles"]
    assert set(bundles) == set(FUNCTIONS)
    assert all(10_000 < each["bytes"] < LARGEST_DIRECT_UPLOAD for each in bundles.values())


def test_a_zip_file_is_taken_as_it_is(tmp_path: Path) -> None:
    given = tmp_path / "release.zip"
    given.write_bytes(zip_of({"handlers/app.py": b"A"}))
    assert code_bundle(given, tmp_path / "build") == given


def test_a_zip_files_modules_are_known_too(tmp_path: Path) -> None:
    given = tmp_path / "release.zip"
    given.write_bytes(zip_of({"printer/app.py": b"A"}))
    assert [has_module(given, each) for each in ("printer.app", "handlers.app")] == [True, False]


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no Python module"):
        code_bundle(folder(tmp_path / "empty", {"README.md": "no code"}), tmp_path / "build")


def test_a_bundle_that_lambda_would_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="over the limit"):
        store(bytes(LARGEST_DIRECT_UPLOAD + 1), tmp_path)


def test_entries_are_readable_by_lambdas_user() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of({"handlers/app.py": b"A"}))) as bundle:
        assert bundle.infolist()[0].external_attr >> 16 == 0o644


def test_a_change_of_what_a_function_does_not_use_is_no_change_of_its_bundle(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "v1", {"__init__.py": "", "payments/app.py": "A", "shared/x.py": "X", "fraud/app.py": "F"}
    )
    before = code_bundle(source, tmp_path / "build", ("payments", "shared"))
    (source / "fraud" / "app.py").write_text("changed")
    assert code_bundle(source, tmp_path / "build", ("payments", "shared")) == before
    with zipfile.ZipFile(before) as bundle:
        assert bundle.namelist() == ["handlers/__init__.py", "handlers/payments/app.py", "handlers/shared/x.py"]


def test_a_folder_that_is_laid_out_otherwise_is_bundled_whole(tmp_path: Path) -> None:
    source = folder(tmp_path / "own", {"app.py": "A", "lib/x.py": "X"})
    with zipfile.ZipFile(code_bundle(source, tmp_path / "build", ("payments", "shared"))) as bundle:
        assert bundle.namelist() == ["handlers/app.py", "handlers/lib/x.py"]


@pytest.mark.parametrize("purpose", FUNCTIONS)
def test_a_functions_bundle_holds_everything_of_ours_that_its_handler_imports(tmp_path: Path, purpose: str) -> None:
    """Imported from the bundle, in an interpreter that sees what Lambda's has (botocore) and not this checkout."""
    package = purpose.replace("-", "_")
    bundle = code_bundle(parse_settings("dev", "us-east-1", {}).bundle, tmp_path, parts_of(purpose))
    libraries = str(Path(botocore.__file__).parent.parent)
    path = f"import sys; sys.path[0] = {str(bundle)!r}; sys.path.append({libraries!r})"
    script = f"{path}; import handlers.{package}.app as app; assert app.handler"
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.stderr == ""


def test_the_controllers_bundle_holds_the_controller_and_what_lambda_lacks(tmp_path: Path) -> None:
    settings = parse_settings("dev", "us-east-1", {"build": str(tmp_path)})
    with zipfile.ZipFile(controller_bundle(settings)) as bundle:
        assert {
            "canary/lambda_handler.py",
            "canary/wiring.py",
            "tenacity/__init__.py",
            "tzdata/zoneinfo/Europe/Berlin",
        } <= set(bundle.namelist())
