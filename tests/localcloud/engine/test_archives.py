import os
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from localcloud.resources.archives import archive_from_path
from localcloud.resources.errors import ResourceError


def folder(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_the_same_files_give_the_same_digest_whatever_their_times_and_order(tmp_path: Path) -> None:
    first = folder(tmp_path / "one", "a.py", "b/c.py")
    second = folder(tmp_path / "two", "b/c.py", "a.py")
    os.utime(second / "a.py", (1, 1))

    assert archive_from_path(first).digest == archive_from_path(second).digest


def test_compiled_files_are_left_out(tmp_path: Path) -> None:
    archive = archive_from_path(folder(tmp_path, "a.py", "__pycache__/a.pyc"))

    assert zipfile.ZipFile(BytesIO(archive.content)).namelist() == ["a.py"]


def test_an_executable_stays_executable(tmp_path: Path) -> None:
    (folder(tmp_path, "bootstrap") / "bootstrap").chmod(0o755)

    info = zipfile.ZipFile(BytesIO(archive_from_path(tmp_path).content)).infolist()[0]

    assert info.external_attr >> 16 & 0o777 == 0o755


def test_a_zip_file_is_taken_as_it_is(tmp_path: Path) -> None:
    content = archive_from_path(folder(tmp_path / "src", "a.py")).content
    (tmp_path / "code.zip").write_bytes(content)

    assert archive_from_path(tmp_path / "code.zip").content == content


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="nowhere: no such file or folder"):
        archive_from_path(tmp_path / "nowhere")
