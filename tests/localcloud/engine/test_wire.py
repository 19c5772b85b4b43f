import zipfile
from io import BytesIO
from pathlib import Path

from google.protobuf import struct_pb2

from localcloud.engine.values import UNKNOWN, Secret, masked, revealed, secrets_in
from localcloud.engine.wire import decode, encode
from localcloud.resources.archives import Archive

SIGNATURE = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


def struct(**fields: object) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(fields)
    return made


def test_properties_survive_both_directions() -> None:
    properties = {"text": "a", "number": 3, "share": 0.5, "on": True, "list": [1, {"deep": Secret("s")}]}

    assert decode(encode(properties)) == properties


def test_whole_numbers_are_integers_and_null_is_absent() -> None:
    assert decode(struct(size=3.0, gone=None)) == {"size": 3}


def test_an_unknown_property_is_left_out_and_an_unknown_part_stays() -> None:
    encoded = encode({"whole": UNKNOWN, "part": [UNKNOWN, "known"]})

    assert decode(encoded) == {"part": [UNKNOWN, "known"]}


def test_an_archive_of_a_folder_and_a_text_is_one_deterministic_zip(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("A = 1")
    folder = {SIGNATURE: ARCHIVE, "path": str(tmp_path / "pkg")}
    text = {SIGNATURE: ASSET, "text": "B = 2"}
    request = struct(code={SIGNATURE: ARCHIVE, "assets": {"lib": folder, "main.py": text}})

    archive = decode(request)["code"]

    assert isinstance(archive, Archive)
    with zipfile.ZipFile(BytesIO(archive.content)) as bundle:
        assert {name: bundle.read(name) for name in bundle.namelist()} == {"lib/a.py": b"A = 1", "main.py": b"B = 2"}
    assert decode(request)["code"].digest == archive.digest


def test_secrets_can_be_opened_masked_and_listed_at_any_depth() -> None:
    value = {"a": [Secret({"b": "deep-secret"})], "c": "plain"}

    assert revealed(value) == {"a": [{"b": "deep-secret"}], "c": "plain"}
    assert masked(value) == {"a": ["[secret]"], "c": "plain"}
    assert secrets_in(value) == ["deep-secret"]
