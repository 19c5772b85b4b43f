"""How API Gateway reaches a function: by stage variables, with permission only, under one request id."""

import re
import time
from typing import Any, Final

from localcloud import seams
from localcloud.functions.records import function_record
from localcloud.functions.refusal import HttpAnswer
from localcloud.gateway.answers import hidden
from localcloud.gateway.exchange import Exchange, current
from localcloud.gateway.permissions import gateway_may_invoke

_STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_INVOKED: Final = 200


def install() -> None:
    """Takes its place around API Gateway's call of a function."""
    seams.invoke_proxy.wrap(_noting_the_integration)
    seams.invoke_custom.wrap(_noting_the_integration)
    seams.integration_function.wrap(_with_stage_variables)
    seams.build_event.wrap(_under_one_request_id)
    seams.call_lambda.wrap(_if_permitted)


def _noting_the_integration(original: seams.Function) -> seams.Function:
    async def invoke(integration: dict[str, Any], *arguments: object, **options: object) -> HttpAnswer:
        exchange = current.get()
        if exchange is not None:
            exchange.integration = integration
        answer: HttpAnswer = await original(integration, *arguments, **options)
        if exchange is not None and exchange.hidden_status is not None:
            return hidden(exchange, exchange.hidden_status)
        return answer

    return invoke


def _with_stage_variables(original: seams.Function) -> seams.Function:
    def function_of(uri: str) -> str:
        exchange = current.get()
        variables = exchange.stage.get("variables") or {} if exchange else {}
        found: str = original(_STAGE_VARIABLE.sub(lambda match: variables.get(match.group(1), ""), uri or ""))
        return found

    return function_of


def _under_one_request_id(original: seams.Function) -> seams.Function:
    """The event names the id that the access log and the client get."""

    def build(*arguments: object, **options: object) -> dict[str, Any]:
        event: dict[str, Any] = original(*arguments, **options)
        exchange = current.get()
        if exchange is not None:
            event["requestContext"] |= {"requestId": exchange.request_id, "extendedRequestId": exchange.request_id}
        return event

    return build


def _if_permitted(original: seams.Function) -> seams.Function:
    """Calls the function only when its resource policy lets this API, stage, method and resource do so."""

    async def call(function: str, event: dict[str, Any], *, account_id: str, region: str) -> Any:  # noqa: ANN401
        exchange = current.get()
        if exchange is None:
            return await original(function, event, account_id=account_id, region=region)
        if not _is_permitted(exchange, function, event["requestContext"], account_id, region):
            exchange.problem = "Execution failed due to configuration error: Invalid permissions on Lambda function"
            return None, exchange.problem
        began = time.monotonic()
        outcome = await original(function, event, account_id=account_id, region=region)
        exchange.integration_ms = (time.monotonic() - began) * 1000
        exchange.integration_status = _INVOKED
        return outcome

    return call


def _is_permitted(exchange: Exchange, function: str, context: dict[str, Any], account: str, region: str) -> bool:
    """Whether the call may be made; the integration's own role, if it has one, stands in for a resource policy."""
    record = function_record(function) if function.startswith("arn:") else None
    if record is None or exchange.integration.get("credentials"):
        return True
    api = f"{context['apiId']}/{context['stage']}/{context['httpMethod']}{context['resourcePath']}"
    return gateway_may_invoke(record["policy"], function, f"arn:aws:execute-api:{region}:{account}:{api}")
