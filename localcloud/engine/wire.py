"""Pulumi's wire format (protobuf Structs with signature keys) to and from `values`.

The signatures are those of pulumi's ``sdk/python/lib/pulumi/runtime/rpc.py``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf import struct_pb2

from localcloud.engine.errors import EngineError
from localcloud.engine.values import UNKNOWN, Properties, Secret, Value
from localcloud.resources.archives import Archive, Asset, Entry, archive_from_entries, archive_from_path
from localcloud.resources.archives import asset_from_file as file_asset

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, no secret
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def decode(struct: struct_pb2.Struct) -> Properties:
    """A request's properties; absent and null ones are left out, whole numbers are integers."""
    decoded = {name: _decoded(value) for name, value in struct.fields.items() if not name.startswith("__")}
    return {name: value for name, value in decoded.items() if value is not None}


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Properties as the SDK wants them; archives and whole unknown properties are left out."""
    struct = struct_pb2.Struct()
    plain = {name: value for name, value in properties.items() if not isinstance(value, Archive | Asset)}
    struct.update({name: _encoded(value) for name, value in plain.items() if value is not UNKNOWN})
    return struct


def _decoded(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            return _special(fields) if _SIGNATURE in fields else decode(value.struct_value)
        case "list_value":
            return [_decoded(item) for item in value.list_value.values]
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN else value.string_value
        case "bool_value":
            return bool(value.bool_value)
    return None


def _special(fields: Mapping[str, struct_pb2.Value]) -> Value:
    match fields[_SIGNATURE].string_value:
        case signature if signature == _SECRET:
            return Secret(_decoded(fields["value"]))
        case signature if signature == _ASSET:
            return _asset(fields)
        case signature if signature == _ARCHIVE:
            return _archive(fields)
        case signature:
            raise EngineError(f"a property of wire kind {signature} is not supported by the local engine")


def _asset(fields: Mapping[str, struct_pb2.Value]) -> Asset:
    if "text" in fields:
        return Asset(fields["text"].string_value.encode())
    if "path" in fields:
        return file_asset(Path(fields["path"].string_value))
    raise EngineError(f"remote asset {fields['uri'].string_value}: the local engine reads files and texts only")


def _archive(fields: Mapping[str, struct_pb2.Value]) -> Archive:
    if "assets" in fields:
        return archive_from_entries({name: _entry(item) for name, item in _entries(fields["assets"])})
    if "path" in fields:
        return archive_from_path(Path(fields["path"].string_value))
    raise EngineError(f"remote archive {fields['uri'].string_value}: the local engine reads files and folders only")


def _entries(assets: struct_pb2.Value) -> list[tuple[str, struct_pb2.Value]]:
    return list(assets.struct_value.fields.items())


def _entry(item: struct_pb2.Value) -> Entry:
    """A folder stays a path, so that it is unfolded under its name."""
    fields = item.struct_value.fields
    is_archive = fields[_SIGNATURE].string_value == _ARCHIVE
    if is_archive and "path" in fields and Path(fields["path"].string_value).is_dir():
        return Path(fields["path"].string_value)
    made = _special(fields)
    if not isinstance(made, Asset | Archive):
        raise EngineError("an archive holds something that is neither asset nor archive")
    return made


def _encoded(value: Value) -> Any:  # noqa: ANN401 - what Struct.update takes is untyped
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _encoded(value.value)}
    if value is UNKNOWN:
        return _UNKNOWN
    if isinstance(value, Mapping):
        return {name: _encoded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(item) for item in value]
    return None if isinstance(value, Archive | Asset) else value
