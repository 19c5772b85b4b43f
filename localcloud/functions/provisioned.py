"""Provisioned concurrency: environments of a version that are warm before anybody calls.

Rules from "Configuring provisioned concurrency for a function". READY means here what it means on AWS: so many
processes have imported the function.
"""

import contextvars
import threading
from dataclasses import dataclass
from typing import Any, Final

from localcloud import seams
from localcloud.functions.environment import INIT_SECONDS
from localcloud.functions.execution import Executor, key_of
from localcloud.functions.failures import RuntimeLost
from localcloud.functions.model import LATEST, Record
from localcloud.functions.records import function_arn, function_record, version_record
from localcloud.functions.refusal import HttpAnswer, Refusal

_ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedConcurrency:
    """Warms the environments of versions on request."""

    executor: Executor

    def install(self) -> None:
        """Takes its place around PutProvisionedConcurrencyConfig and its deletion."""
        seams.put_provisioned.wrap(self._around_put)
        seams.delete_provisioned.wrap(self._around_delete)

    def _around_put(self, original: seams.Function) -> seams.Function:
        def put(name: str, qualifier: str, request: dict[str, Any]) -> HttpAnswer:
            function = seams.functions.value.get(name)
            count = request.get("ProvisionedConcurrentExecutions", 0)
            refusal = _refusal(function, qualifier, count) if function else None
            if refusal:
                return refusal.answer()
            answer: HttpAnswer = original(name, qualifier, request)
            if answer[0] != _ACCEPTED:
                return answer
            stored = function["provisioned_concurrency"][qualifier]
            stored |= {
                "AllocatedProvisionedConcurrentExecutions": 0,
                "AvailableProvisionedConcurrentExecutions": 0,
                "Status": "IN_PROGRESS",
            }
            self._start_warming(_target(function, qualifier), count, stored)
            accepted: HttpAnswer = seams.json_response(stored, _ACCEPTED)
            return accepted

        return put

    def _around_delete(self, original: seams.Function) -> seams.Function:
        def delete(name: str, qualifier: str) -> HttpAnswer:
            function = seams.functions.value.get(name)
            if function and qualifier in function["provisioned_concurrency"]:
                config = _target(function, qualifier)["config"]
                self.executor.pool.unreserve(function_arn(config["FunctionArn"]), config["Version"])
            answer: HttpAnswer = original(name, qualifier)
            return answer

        return delete

    def _start_warming(self, record: Record, count: int, stored: dict[str, Any]) -> None:
        """Warms in a thread that keeps the account and region of this request."""
        context = contextvars.copy_context()
        arguments = (self._warm, record, count, stored)
        threading.Thread(target=context.run, args=arguments, name="localcloud-warming", daemon=True).start()

    def _warm(self, record: Record, count: int, stored: dict[str, Any]) -> None:
        key = key_of(record["config"])
        self.executor.pool.unreserve(key.function, key.version)
        for ready in range(1, count + 1):
            environment = self.executor.environment(record, provisioned=True)
            try:
                environment.warm_up(INIT_SECONDS)
            except RuntimeLost as lost:
                stored |= {"Status": "FAILED", "StatusReason": f"FUNCTION_ERROR_INIT_FAILURE: {lost}"}
                return
            if not _is_there(record):
                environment.stop()
                return
            self.executor.pool.reserve(key, environment)
            stored |= {
                "AllocatedProvisionedConcurrentExecutions": ready,
                "AvailableProvisionedConcurrentExecutions": ready,
            }
        stored["Status"] = "READY"


def _is_there(record: Record) -> bool:
    """Whether the version has not been deleted meanwhile."""
    function = function_record(record["config"]["FunctionArn"])
    return function is not None and version_record(function, record["config"]["Version"]) is not None


def _target(function: Record, qualifier: str) -> Record:
    """The version that a qualifier's environments are for; behind a weighted alias, the primary one."""
    alias = function["aliases"].get(qualifier)
    version = alias["FunctionVersion"] if alias else qualifier
    return version_record(function, version) or function


def _refusal(function: Record, qualifier: str, count: int) -> Refusal | None:
    if qualifier in (None, LATEST):
        return Refusal(message="Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    reserved = function.get("concurrency")
    if reserved is not None and count > reserved:
        text = (
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
        return Refusal(message=text)
    alias = function["aliases"].get(qualifier)
    if alias and (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        return Refusal(message="Provisioned concurrency cannot be changed while an alias routes to two versions.")
    return _taken(function, qualifier)


def _taken(function: Record, qualifier: str) -> Refusal | None:
    """One configuration a version: on itself or on one alias that points to it."""
    version = _target(function, qualifier)["config"]["Version"]
    for other in function["provisioned_concurrency"]:
        if other != qualifier and _target(function, other)["config"]["Version"] == version:
            text = f"Version {version} has provisioned concurrency already, through qualifier {other}."
            return Refusal(message=text)
    return None
