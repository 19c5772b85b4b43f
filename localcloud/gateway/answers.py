"""What a client sees when a function did not answer as a proxy integration must: nothing of what went wrong.

From "Handle Lambda errors in API Gateway" and the gateway response types; the texts of problems are for the access log.
"""

from typing import Any, Final

from localcloud import seams
from localcloud.functions.refusal import HttpAnswer
from localcloud.gateway.exchange import Exchange, current

BAD_GATEWAY: Final = 502
SERVER_ERROR: Final = 500


def install() -> None:
    """Takes the place of what turns a function's result into the answer to a client."""
    seams.proxy_answer.replace(proxy_answer)


def proxy_answer(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
    """(the function's proxy response, None), or (None, the problem), with the problem noted in the exchange."""
    payload = result.get("body")
    if result.get("throttle"):
        return _refuse(SERVER_ERROR, "Rate Exceeded")
    if result.get("error"):
        return _refuse(BAD_GATEWAY, "The function failed")
    if not isinstance(payload, dict) or not is_proxy_response(payload):
        return _refuse(BAD_GATEWAY, "Malformed Lambda proxy response")
    return {**payload, "statusCode": int(payload["statusCode"])}, None


def is_proxy_response(payload: dict[str, Any]) -> bool:
    """Whether a function's answer has the output format of a Lambda proxy integration."""
    status, body, headers = payload.get("statusCode"), payload.get("body"), payload.get("headers")
    return str(status).isdecimal() and isinstance(body, str | None) and isinstance(headers, dict | None)


def hidden(exchange: Exchange, status: int) -> HttpAnswer:
    """The gateway's own answer, by the API's gateway response for 5XX; that one's status code wins if it has one."""
    error = seams.gateway_error("DEFAULT_5XX", "Internal server error", "InternalServerErrorException")
    own_status, headers, body = seams.rendered_error(error, exchange.request)
    return status if own_status == SERVER_ERROR else own_status, headers, body


def _refuse(status: int, problem: str) -> tuple[None, str]:
    exchange = current.get()
    if exchange is not None:
        exchange.problem, exchange.hidden_status = problem, status
    return None, problem
