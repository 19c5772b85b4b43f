"""Every place at which localcloud reads, calls or replaces ministack: what a new release of it may break.

Nothing else in localcloud names a private part of ministack, except `localcloud.observe.emulator`, whose list is below.
The start-up fingerprint (`localcloud.fingerprint`) covers exactly what is declared here.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Function = Callable[..., Any]

_LAMBDA: Final = "ministack.services.lambda_svc"
_RUNTIME: Final = "ministack.core.lambda_runtime"
_ACTIONS: Final = "ministack.core.iam_actions"
_GATEWAY: Final = "ministack.services.apigateway_v1"
_LOGS: Final = "ministack.services.cloudwatch_logs"
_RESPONSES: Final = "ministack.core.responses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """One module-level name of ministack. Its module is imported at first use."""

    module: str
    name: str

    @property
    def value(self) -> Any:  # noqa: ANN401 - ministack is untyped
        """What the name stands for now."""
        return getattr(importlib.import_module(self.module), self.name)

    def __call__(self, *arguments: object, **named: object) -> Any:  # noqa: ANN401 - the same
        """Calls what the name stands for now."""
        return self.value(*arguments, **named)

    def replace(self, new: object) -> None:
        """Lets the name stand for `new`, for every caller in ministack that looks it up."""
        setattr(importlib.import_module(self.module), self.name, new)

    def wrap(self, around: Callable[[Function], Function]) -> None:
        """Replaces the function by what `around` makes of it."""
        self.replace(around(self.value))


application: Final = Seam(module="ministack.app", name="app")
reset_everything: Final = Seam(module="ministack.app", name="_reset_all_state")

account: Final = Seam(module=_RESPONSES, name="get_account_id")
region: Final = Seam(module=_RESPONSES, name="get_region")
request_scope: Final = Seam(module=_RESPONSES, name="request_scope")
json_response: Final = Seam(module=_RESPONSES, name="json_response")
error_response: Final = Seam(module=_RESPONSES, name="error_response_json")

functions: Final = Seam(module=_LAMBDA, name="_functions")
add_permission: Final = Seam(module=_LAMBDA, name="_add_permission")
check_revision: Final = Seam(module=_LAMBDA, name="_check_revision")
create_alias: Final = Seam(module=_LAMBDA, name="_create_alias")
create_function: Final = Seam(module=_LAMBDA, name="_create_function")
delete_function: Final = Seam(module=_LAMBDA, name="_delete_function")
delete_provisioned: Final = Seam(module=_LAMBDA, name="_delete_provisioned_concurrency")
dispatch: Final = Seam(module=_LAMBDA, name="_execute_function_dispatch")
emit_lambda_metrics: Final = Seam(module=_LAMBDA, name="_emit_lambda_metrics")
execute_function: Final = Seam(module=_LAMBDA, name="_execute_function")
extracted_code: Final = Seam(module=_LAMBDA, name="_provided_runtime_code_dir")
get_policy: Final = Seam(module=_LAMBDA, name="_get_policy")
get_provisioned: Final = Seam(module=_LAMBDA, name="_get_provisioned_concurrency")
invalidate_worker: Final = Seam(module=_LAMBDA, name="invalidate_worker")
invoke: Final = Seam(module=_LAMBDA, name="_invoke")
invoke_async: Final = Seam(module=_LAMBDA, name="invoke_async_with_retry")
layer_zip: Final = Seam(module=_LAMBDA, name="_resolve_layer_zip")
proxy_url: Final = Seam(module=_LAMBDA, name="_proxy_url_for")
publish_version: Final = Seam(module=_LAMBDA, name="_publish_version")
put_provisioned: Final = Seam(module=_LAMBDA, name="_put_provisioned_concurrency")
qualified_record: Final = Seam(module=_LAMBDA, name="_effective_func_record_for_qualifier")
remove_permission: Final = Seam(module=_LAMBDA, name="_remove_permission")
request_qualifier: Final = Seam(module=_LAMBDA, name="_qualifier_from_path_or_query")
route_async_failure: Final = Seam(module=_LAMBDA, name="_route_async_failure")
state_delay: Final = Seam(module=_LAMBDA, name="_LAMBDA_STATE_TRANSITION_DELAY")
update_alias: Final = Seam(module=_LAMBDA, name="_update_alias")
update_code: Final = Seam(module=_LAMBDA, name="_update_code")
update_config: Final = Seam(module=_LAMBDA, name="_update_config")

execution_credentials: Final = Seam(module=_RUNTIME, name="execution_credentials")

lambda_action: Final = Seam(module=_ACTIONS, name="_lambda_action")
resource_arn: Final = Seam(module=_ACTIONS, name="extract_resource_arn")

apply_patch: Final = Seam(module=_GATEWAY, name="_apply_patch")
build_event: Final = Seam(module=_GATEWAY, name="_build_lambda_event_v1")
call_lambda: Final = Seam(module=_GATEWAY, name="_call_lambda_raw")
execute_request: Final = Seam(module=_GATEWAY, name="_execute_in_scope")
gateway_error: Final = Seam(module=_GATEWAY, name="_GatewayError")
integration_function: Final = Seam(module=_GATEWAY, name="_extract_lambda_ref_from_integration_uri")
invoke_custom: Final = Seam(module=_GATEWAY, name="_invoke_lambda_custom_v1")
invoke_proxy: Final = Seam(module=_GATEWAY, name="_invoke_lambda_proxy_v1")
proxy_answer: Final = Seam(module=_GATEWAY, name="_lambda_proxy_response")
rendered_error: Final = Seam(module=_GATEWAY, name="_gateway_error_response")
rest_apis: Final = Seam(module=_GATEWAY, name="_rest_apis")
stages: Final = Seam(module=_GATEWAY, name="_stages_v1")

append_log_events: Final = Seam(module=_LOGS, name="_append_log_events")
fan_out_log_events: Final = Seam(module=_LOGS, name="_fanout_to_subscription_filters")
create_log_group: Final = Seam(module=_LOGS, name="_create_log_group")
create_log_stream: Final = Seam(module=_LOGS, name="_create_log_stream")
log_groups: Final = Seam(module=_LOGS, name="_log_groups")

queue_by_arn: Final = Seam(module="ministack.services.sqs", name="_queue_by_arn")
queue_url: Final = Seam(module="ministack.services.sqs", name="_queue_url")
send_message: Final = Seam(module="ministack.services.sqs", name="_act_send_message")
fan_out_notification: Final = Seam(module="ministack.services.sns", name="_fanout")


_OBSERVED: Final = {
    "cloudwatch": (
        "_alarms",
        "_composite_alarms",
        "_composite_children",
        "_composite_triggers",
        "_evaluate_alarm",
        "_evaluate_parent_alarms",
        "_history_entries",
        "_resource_tags",
        "_transition_composite",
        "handle_request",
        "record_metric",
        "reset",
    ),
    "cloudwatch_logs": ("_metric_filters", "_put_log_events"),
    "eventbridge": ("_dispatch_to_lambda", "_put_events"),
    "lambda_svc": ("_get_func_record_for_ref",),
    "sns": ("_topic_by_arn_any_scope",),
    "sqs": ("_queues",),
}
"""What `localcloud.observe.emulator` touches, by module of ``ministack.services``."""


def all_seams() -> tuple[Seam, ...]:
    """Every seam there is, those of `localcloud.observe` included."""
    own = tuple(value for value in globals().values() if isinstance(value, Seam))
    others = ((f"ministack.services.{module}", name) for module, names in _OBSERVED.items() for name in names)
    return (*own, *(Seam(module=module, name=name) for module, name in others))
