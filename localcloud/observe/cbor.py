"""CBOR (RFC 8949) as Smithy RPC v2 uses it: bodies to plain values and back. Pure.

Reading is botocore's own parser; botocore writes requests only, so responses are written here.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.parsers import ResponseParserError, RpcV2CBORParser

_TEXT, _ARRAY, _MAP, _TAG = 3, 4, 5, 6
_EPOCH_TAG = 1


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Epoch seconds that must be written as a timestamp."""

    seconds: float


@lru_cache(maxsize=1)
def _parser() -> Any:  # noqa: ANN401 - botocore has no types
    return RpcV2CBORParser()


def loads(body: bytes) -> object:
    """The value that `body` holds; timestamps become `datetime`.

    Raises:
        ValueError: It is not one CBOR data item.
    """
    parser = _parser()
    try:
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    except ResponseParserError as error:
        raise ValueError(str(error)) from error


def dumps(value: object) -> bytes:
    """`value` in CBOR: text, numbers, truth values, `Timestamp`, lists and mappings of them."""
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            encoded = value.encode()
            return _head(_TEXT, len(encoded)) + encoded
        case Timestamp(seconds):
            return _head(_TAG, _EPOCH_TAG) + dumps(float(seconds))
        case list() | dict():
            items = value if isinstance(value, list) else [part for pair in value.items() for part in pair]
            return _head(_MAP if isinstance(value, dict) else _ARRAY, len(value)) + b"".join(map(dumps, items))
        case _:
            raise TypeError(f"{type(value).__name__} cannot be written as CBOR")


def _head(major: int, size: int) -> bytes:
    for info, width, limit in ((size, "", 24), (24, "B", 1 << 8), (25, "H", 1 << 16), (26, "I", 1 << 32)):
        if size < limit:
            return bytes([major << 5 | info]) + (struct.pack(f">{width}", size) if width else b"")
    return bytes([major << 5 | 27]) + struct.pack(">Q", size)
