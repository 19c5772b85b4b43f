"""The CapacityControl on Lambda: concurrency limits and use, and provisioned concurrency of versions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from canary.aws.clients import aws_errors, error_code
from canary.core.capacity import Headroom, WarmStatus, Warmth
from canary.core.model import AliasName, FunctionName, Target, Version

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef
    from types_boto3_lambda import LambdaClient

LOOK_BACK: Final = timedelta(hours=3)
_NOT_THERE: Final = ("ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException")


class LambdaCapacity:
    """Reads and provisions; every call names the version, so that no alias is ever provisioned."""

    def __init__(self, functions: "LambdaClient", cloudwatch: "CloudWatchClient") -> None:
        self._functions = functions
        self._cloudwatch = cloudwatch

    def read_headroom(self, targets: Sequence[Target], now: datetime) -> tuple[Headroom, ...]:
        """One `GetAccountSettings`, one `GetMetricData`, and four reads a target."""
        with aws_errors("reading the account's concurrency"):
            unreserved = self._functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        peaks = self._peaks(targets, now)
        return tuple(
            Headroom(
                target=target,
                reserved=self._reserved(target.function),
                unreserved=unreserved,
                peak=peaks.get(f"peak_{index}"),
                on_alias=self.read_provisioned(target.function, target.alias),
                on_stable=self.read_provisioned(target.function, target.stable),
                on_canary=self.read_provisioned(target.function, target.canary),
            )
            for index, target in enumerate(targets)
        )

    def warm(self, target: Target, wanted: int) -> Warmth:
        """One `GetProvisionedConcurrencyConfig`, and one `Put...` where it is not as wanted."""
        found = self.read_provisioned(target.function, target.canary)
        if found is not None and found.wanted == wanted:
            return found
        with aws_errors(f"provisioning version {target.canary} of {target.function}"):
            self._functions.put_provisioned_concurrency_config(
                FunctionName=target.function, Qualifier=target.canary, ProvisionedConcurrentExecutions=wanted
            )
        return Warmth(status=WarmStatus.IN_PROGRESS, wanted=wanted)

    def release(self, function: FunctionName, version: Version) -> None:
        """One `DeleteProvisionedConcurrencyConfig`."""
        with aws_errors(f"releasing the provisioned concurrency of version {version} of {function}"):
            try:
                self._functions.delete_provisioned_concurrency_config(FunctionName=function, Qualifier=version)
            except ClientError as error:
                if error_code(error) not in _NOT_THERE:
                    raise

    def _reserved(self, function: FunctionName) -> int | None:
        with aws_errors(f"reading the reserved concurrency of {function}"):
            return self._functions.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")

    def read_provisioned(self, function: FunctionName, qualifier: AliasName | Version) -> Warmth | None:
        """One `GetProvisionedConcurrencyConfig`."""
        with aws_errors(f"reading the provisioned concurrency of {function}:{qualifier}"):
            try:
                found = self._functions.get_provisioned_concurrency_config(FunctionName=function, Qualifier=qualifier)
            except ClientError as error:
                if error_code(error) in _NOT_THERE:
                    return None
                raise
        return Warmth(
            status=WarmStatus(found["Status"]),
            wanted=found["RequestedProvisionedConcurrentExecutions"],
            reason=found.get("StatusReason", ""),
        )

    def _peaks(self, targets: Sequence[Target], now: datetime) -> dict[str, int]:
        """The highest concurrency of each function, by the id of its query."""
        queries: list[MetricDataQueryTypeDef] = [
            {
                "Id": f"peak_{index}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": "ConcurrentExecutions",
                        "Dimensions": [{"Name": "FunctionName", "Value": target.function}],
                    },
                    "Period": 60,
                    "Stat": "Maximum",
                },
            }
            for index, target in enumerate(targets)
        ]
        with aws_errors("reading concurrency"):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, StartTime=now - LOOK_BACK, EndTime=now
            )
            found = [(result["Id"], result["Values"]) for page in pages for result in page["MetricDataResults"]]
        return {identity: round(max(values)) for identity, values in found if values}
