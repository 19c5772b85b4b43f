"""The three protocols that CloudWatch clients speak: AWS JSON 1.0, Smithy RPC v2 CBOR, and Query with XML. Pure.

boto3 speaks JSON, the Go and Java SDKs CBOR, older clients Query. All of them mean the same plain request and response.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

from localcloud.observe import cbor
from localcloud.observe.errors import ApiError
from localcloud.observe.model import Plain, checked_request, service_model

Response = tuple[int, dict[str, str], bytes]


class Protocol(StrEnum):
    """How request and response are written."""

    JSON = "json"
    CBOR = "cbor"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the API: which operation, and how its answer must be written."""

    operation: str
    protocol: Protocol
    payload: object

    def request(self) -> Plain:
        """The request, typed and checked against the model; see `checked_request` for what it raises."""
        return checked_request(self.operation, self.payload)


def read_call(path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> Call:
    """The call that an HTTP request makes; header names are in lower case.

    Raises:
        ApiError: ``InvalidAction`` for an operation that the model does not have, ``MalformedInput`` for a broken body.
    """
    kind = headers.get("content-type", "")
    target = headers.get("x-amz-target", "")
    if "cbor" in kind or "cbor" in headers.get("smithy-protocol", ""):
        found = re.search(r"/operation/(\w+)", path)
        return _call(found.group(1) if found else "", Protocol.CBOR, _parsed(cbor.loads, body))
    if target or "json" in kind:
        return _call(target.rpartition(".")[2], Protocol.JSON, _parsed(json.loads, body))
    fields = {name: _last(value) for name, value in query.items()} | dict(
        parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    )
    call = _call(fields.get("Action", ""), Protocol.QUERY, {})
    shape = service_model().operation_model(call.operation).input_shape
    return Call(operation=call.operation, protocol=call.protocol, payload=_from_fields(shape, fields, ""))


def protocol_of(headers: Mapping[str, str]) -> Protocol:
    """How to answer a request whose operation could not be read."""
    kind = headers.get("content-type", "")
    if "cbor" in kind or "cbor" in headers.get("smithy-protocol", ""):
        return Protocol.CBOR
    return Protocol.JSON if "json" in kind or "x-amz-target" in headers else Protocol.QUERY


def written(call: Call, result: Plain) -> Response:
    """The response that holds `result`; members that are None or unknown to the model are left out."""
    shape = service_model().operation_model(call.operation).output_shape
    match call.protocol:
        case Protocol.JSON:
            return (
                200,
                {"Content-Type": "application/x-amz-json-1.0"},
                json.dumps(_shaped(shape, result, _epoch)).encode(),
            )
        case Protocol.CBOR:
            headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
            return 200, headers, cbor.dumps(_shaped(shape, result, cbor.Timestamp))
        case Protocol.QUERY:
            inner = "" if shape is None else _xml(shape, _shaped(shape, result, _iso))
            wrapped = f"<{call.operation}Result>{inner}</{call.operation}Result>" if shape is not None else ""
            return 200, {"Content-Type": "text/xml"}, _envelope(f"{call.operation}Response", wrapped)


def written_error(protocol: Protocol, error: ApiError) -> Response:
    """The response that tells a client of `error`."""
    fault = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's classes
    told = {"__type": error.code, "message": error.message}
    headers = {"x-amzn-query-error": f"{error.code};{fault}"}
    match protocol:
        case Protocol.JSON:
            return error.status, headers | {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(told).encode()
        case Protocol.CBOR:
            headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
            return error.status, headers, cbor.dumps(told)
        case Protocol.QUERY:
            inner = f"<Type>{fault}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            return error.status, {"Content-Type": "text/xml"}, _envelope("ErrorResponse", f"<Error>{inner}</Error>")


def _call(operation: str, protocol: Protocol, payload: object) -> Call:
    if operation not in service_model().operation_names:
        raise ApiError("InvalidAction", f"Could not find operation {operation} for version 2010-08-01")
    return Call(operation=operation, protocol=protocol, payload=payload)


def _parsed(parse: Any, body: bytes) -> object:  # noqa: ANN401 - two parsers with options of their own
    try:
        return parse(body) if body else {}
    except ValueError as error:
        raise ApiError("MalformedInput", f"The body of the request cannot be read: {error}") from None


def _last(value: Any) -> str:  # noqa: ANN401 - a query string value or the list of them
    return str(value[-1] if isinstance(value, list) else value)


def _from_fields(shape: Any, fields: Mapping[str, str], prefix: str) -> Any:  # noqa: ANN401
    """The value at `prefix` of a Query request, or None when no field starts with it."""
    dotted = f"{prefix}." if prefix else ""
    if prefix and prefix not in fields and not any(name.startswith(dotted) for name in fields):
        return None
    if shape.type_name == "structure":
        return {name: _from_fields(member, fields, f"{dotted}{name}") for name, member in shape.members.items()}
    if shape.type_name == "list":
        return _numbered(lambda position: _from_fields(shape.member, fields, f"{prefix}.member.{position}"))
    if shape.type_name == "map":
        return dict(_numbered(lambda position: _entry(fields, f"{prefix}.entry.{position}")))
    return fields.get(prefix)


def _entry(fields: Mapping[str, str], prefix: str) -> tuple[str, str] | None:
    key = fields.get(f"{prefix}.key")
    return None if key is None else (key, fields.get(f"{prefix}.value", ""))


def _numbered(at: Any) -> list[Any]:  # noqa: ANN401
    found: list[Any] = []
    while (value := at(len(found) + 1)) is not None:
        found.append(value)
    return found


def _shaped(shape: Any, value: Any, timestamp: Any) -> Any:  # noqa: ANN401
    """`value` with only what the model's `shape` has, each timestamp written by `timestamp`."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        return {
            name: _shaped(member, value[name], timestamp)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_shaped(shape.member, item, timestamp) for item in value]
    if shape.type_name == "map":
        return {key: _shaped(shape.value, item, timestamp) for key, item in value.items()}
    return timestamp(value) if shape.type_name == "timestamp" else value


def _epoch(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _xml(shape: Any, value: Any) -> str:  # noqa: ANN401
    if shape.type_name == "structure":
        return "".join(f"<{name}>{_xml(shape.members[name], found)}</{name}>" for name, found in value.items())
    if shape.type_name == "list":
        return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
    if shape.type_name == "map":
        return "".join(
            f"<entry><key>{escape(key)}</key><value>{_xml(shape.value, item)}</value></entry>"
            for key, item in value.items()
        )
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _envelope(tag: str, inner: str) -> bytes:
    request = f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
    if tag == "ErrorResponse":
        request = f"<RequestId>{uuid4()}</RequestId>"
    return f'<{tag} xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">{inner}{request}</{tag}>'.encode()
