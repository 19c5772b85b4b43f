"""Every executed invocation, whatever it came from: run, logged, counted.

All of ministack's paths (Invoke, API Gateway, event sources, SNS, EventBridge, retries) meet in one function, which is
taken over here for Python functions. Where there is no ``awslambdaric``, and for other runtimes, ministack's own
workers run the code and only the counting is done here.
"""

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from localcloud import seams
from localcloud.functions.environment import Environment
from localcloud.functions.launch import Surroundings, launch_of, log_group_of
from localcloud.functions.log_stream import write_log
from localcloud.functions.model import Invocation, Outcome, Record
from localcloud.functions.platform_log import PlatformFacts, log_lines
from localcloud.functions.pool import EnvironmentKey, EnvironmentPool
from localcloud.functions.records import function_arn, qualifier_of
from localcloud.functions.runtime_client import WITHOUT_IT, has_runtime_client
from localcloud.observe.metrics import record_invocation
from localcloud.xray.tracing import Span, Tracing

_log: Final = logging.getLogger(__name__)

Result = dict[str, Any]
"""What ministack expects of an execution: ``body``, ``log`` and, of a failed one, ``error``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Runs invocations in the environments of a pool."""

    pool: EnvironmentPool
    around: Surroundings
    tracing: Tracing

    def install(self) -> None:
        """Takes over the execution of Python functions, and the counting of every invocation."""
        if has_runtime_client():
            seams.dispatch.wrap(self._around_dispatch)
        else:
            _log.warning(WITHOUT_IT)
        seams.dispatch.wrap(_counting)
        seams.emit_lambda_metrics.replace(lambda *_, **__: None)
        seams.invalidate_worker.wrap(self._around_invalidate)
        seams.state_delay.replace(0.0)

    def environment(self, record: Record, *, provisioned: bool = False) -> Environment:
        """A new environment for `record`, not started yet."""
        launch = launch_of(record, self.around, provisioned=provisioned)
        return Environment(launch, version=record["config"]["Version"])

    def run(self, record: Record, event: object, request_id: str, started: float) -> Result:
        """Runs `event` in an environment of `record`, and writes the log."""
        config = record["config"]
        trace, segment = self.tracing.function_context(config)
        invocation = Invocation(
            request_id=request_id,
            function_arn=config["FunctionArn"],
            payload=json.dumps(event).encode(),
            timeout_s=config["Timeout"],
            trace_header=trace.below(segment).header,
        )
        place = self.pool.lease(key_of(config), lambda: self.environment(record))
        try:
            outcome = place.environment.run(invocation, when_ready=lambda: self.pool.settle(place))
            lines = log_lines(invocation, outcome, _facts(config), datetime.now(UTC))
            write_log(log_group_of(config), place.environment.log_stream, lines, at=started)
        finally:
            self.pool.give_back(place)
        span = Span(start=started, end=time.time(), fault=outcome.answer.error_type is not None)
        self.tracing.record_function(config, trace, segment, request_id, span)
        return _result(request_id, outcome, lines)

    def _around_dispatch(self, original: seams.Function) -> seams.Function:
        def dispatch(record: Record, config: dict[str, Any], event: object, request_id: str, started: float) -> Result:
            if _is_python(record):
                return self.run(record, event, request_id, started)
            result: Result = original(record, config, event, request_id, started)
            return result

        return dispatch

    def _around_invalidate(self, original: seams.Function) -> seams.Function:
        def invalidate(
            name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
        ) -> None:
            original(name, qualifier=qualifier, account=account, region=region)
            place = f"{region or seams.region()}:{account or seams.account()}"
            self.pool.retire(f"arn:aws:lambda:{place}:function:{name}", qualifier)

        return invalidate


def key_of(config: dict[str, Any]) -> EnvironmentKey:
    """Which environments may run a version with this configuration."""
    return EnvironmentKey(
        function=function_arn(config["FunctionArn"]), version=config["Version"], revision=config["RevisionId"]
    )


def _is_python(record: Record) -> bool:
    """Whether `record` is a zipped Python function; one with durable executions stays with ministack."""
    config = record["config"]
    plain = not seams.proxy_url(config) and not config.get("DurableConfig")
    return plain and bool(record.get("code_zip")) and str(config.get("Runtime")).startswith("python")


def _counting(original: seams.Function) -> seams.Function:
    def dispatch(record: Record, config: dict[str, Any], event: object, request_id: str, started: float) -> Result:
        result: Result = original(record, config, event, request_id, started)
        record_invocation(
            function=config["FunctionName"],
            qualifier=qualifier_of(config["FunctionArn"]),
            executed_version=config["Version"],
            duration_ms=result.get("duration_ms", (time.time() - started) * 1000),
            error=bool(result.get("error")),
            started_at=started,
        )
        return result

    return dispatch


def _facts(config: dict[str, Any]) -> PlatformFacts:
    as_json = (config.get("LoggingConfig") or {}).get("LogFormat") == "JSON"
    return PlatformFacts(version=config["Version"], memory_mb=config["MemorySize"], as_json=as_json)


def _result(request_id: str, outcome: Outcome, lines: list[str]) -> Result:
    result: Result = {
        "body": json.loads(outcome.answer.payload),
        "log": "\n".join(lines) + "\n",
        "duration_ms": outcome.duration_ms,
        "request_id": request_id,
    }
    if outcome.answer.error_type:
        result |= {"error": True, "function_error": "Unhandled"}
    return result
