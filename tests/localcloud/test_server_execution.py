"""How functions run: errors, timeouts, exits, cold starts, environments and logs, through boto3."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from localcloud.running import RunningCloud
from tests.localcloud.cloudwatch_clients import eventually
from tests.localcloud.functions_under_test import ECHO, Deployed, deployed, packed

if TYPE_CHECKING:
    from types_boto3_lambda.literals import InvocationTypeType

pytestmark = pytest.mark.localcloud

ONE_BAD_CALL = """
import os, sys, time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    print("call", calls, event.get("mark", ""))
    match event.get("do"):
        case "raise": raise ValueError("no good")
        case "exit": sys.exit(3)
        case "die": os.kill(os.getpid(), 9)
        case "sleep": time.sleep(30)
        case "large": return "x" * 7_000_000
        case "unserialisable": return object()
    return {"calls": calls, "pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def function(cloud: RunningCloud) -> Deployed:
    return deployed(cloud, ONE_BAD_CALL, Timeout=1)


@pytest.mark.parametrize(
    ("do", "error_type", "message"),
    [
        ("raise", "ValueError", "no good"),
        ("exit", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("die", "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("large", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
        ("unserialisable", "Runtime.MarshalError", "Unable to marshal response"),
    ],
)
def test_a_failed_call_is_told_as_lambda_tells_it_and_the_next_one_works(
    function: Deployed, do: str, error_type: str, message: str
) -> None:
    failed = function.invoke({"do": do})
    assert (failed.error, failed.payload["errorType"]) == ("Unhandled", error_type)
    assert message in failed.payload["errorMessage"]
    assert failed.answer["StatusCode"] == 200
    assert function.invoke().error is None


def test_an_exception_does_not_cost_the_environment(cloud: RunningCloud) -> None:
    function = deployed(cloud, ONE_BAD_CALL)
    before = function.invoke().payload
    function.invoke({"do": "raise"})
    assert function.invoke().payload == {"calls": before["calls"] + 2, "pid": before["pid"]}


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import no_such_module", "Runtime.ImportModuleError"),
        ("def handler(event, context) return 1", "Runtime.UserCodeSyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(2)", "Runtime.ExitError"),
        ("", "Runtime.HandlerNotFound"),
    ],
)
def test_a_function_that_dies_on_import_fails_every_call(cloud: RunningCloud, source: str, error_type: str) -> None:
    function = deployed(cloud, source)
    calls = [function.invoke() for _ in range(2)]
    assert [(call.error, call.payload["errorType"]) for call in calls] == [("Unhandled", error_type)] * 2


def test_the_log_tail_has_lambda_s_lines_around_the_function_s_own(cloud: RunningCloud) -> None:
    function = deployed(cloud, ECHO)
    version = function.publish()
    tail = base64.b64decode(function.invoke(qualifier=version).answer["LogResult"]).decode().splitlines()
    start, own, end, report = tail
    request_id = re.fullmatch(rf"START RequestId: (\S+) Version: {version}", start)
    assert request_id
    assert (own, end) == (f"called {request_id[1]}", f"END RequestId: {request_id[1]}")
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id[1]}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms",
        report,
    )


def test_the_duration_excludes_the_initialisation(cloud: RunningCloud) -> None:
    function = deployed(cloud, "import time\ntime.sleep(0.4)\n" + ECHO)
    report = base64.b64decode(function.invoke().answer["LogResult"]).decode().splitlines()[-1]
    duration, init = (float(found) for found in re.findall(r"(?:\tDuration|Init Duration): ([\d.]+) ms", report))
    assert init >= 400
    assert duration < init


def test_a_timeout_is_said_in_the_log(function: Deployed) -> None:
    tail = base64.b64decode(function.invoke({"do": "sleep"}).answer["LogResult"]).decode().splitlines()
    assert tail[-3].endswith("Task timed out after 1.00 seconds")
    assert tail[-1].endswith("\tStatus: timeout")


def test_concurrent_calls_have_environments_of_their_own_and_their_own_lines(cloud: RunningCloud) -> None:
    source = ONE_BAD_CALL.replace("    match", '    time.sleep(0.05)\n    print("end", event["mark"])\n    match')
    function = deployed(cloud, source)
    with ThreadPoolExecutor(4) as clients:
        calls = list(clients.map(lambda mark: (mark, function.invoke({"mark": mark})), range(24)))
    assert len({call.payload["pid"] for _, call in calls}) > 1
    for mark, call in calls:
        own = base64.b64decode(call.answer["LogResult"]).decode().splitlines()[1:-2]
        assert [line.split()[-1] for line in own] == [str(mark), str(mark)]


def test_an_environment_keeps_one_log_stream_named_by_its_version(cloud: RunningCloud) -> None:
    function = deployed(cloud, ECHO)
    version = function.publish()
    for _ in range(3):
        function.invoke(qualifier=version)
    (stream,) = cloud.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{function.name}")["logStreams"]
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/\[{version}\][0-9a-f]{{32}}", stream["logStreamName"])


def test_a_log_group_keeps_its_retention_when_a_function_writes_to_it(cloud: RunningCloud) -> None:
    function, logs = deployed(cloud, ECHO), cloud.client("logs")
    logs.create_log_group(logGroupName=f"/aws/lambda/{function.name}")
    logs.put_retention_policy(logGroupName=f"/aws/lambda/{function.name}", retentionInDays=7)
    function.invoke()
    (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function.name}")["logGroups"]
    assert group["retentionInDays"] == 7


def test_json_log_format_gives_json_platform_events(cloud: RunningCloud) -> None:
    function = deployed(cloud, ECHO, LoggingConfig={"LogFormat": "JSON"})
    tail = base64.b64decode(function.invoke().answer["LogResult"]).decode().splitlines()
    events = [json.loads(line) for line in (tail[0], tail[-1])]
    assert [event["type"] for event in events] == ["platform.start", "platform.report"]
    assert events[1]["record"]["status"] == "success"


def test_a_function_sees_the_environment_that_lambda_documents(cloud: RunningCloud) -> None:
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    variables = {"MINE": "yes", "AWS_LAMBDA_FUNCTION_NAME": "stolen"}
    function = deployed(cloud, source, MemorySize=512, Environment={"Variables": variables})
    seen = function.invoke().payload
    wanted = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_REGION": "us-east-1",
        "MINE": "yes",
        "TZ": ":UTC",
    }
    assert {name: seen.get(name) for name in wanted} == wanted
    assert "PYTEST_CURRENT_TEST" not in seen


def test_reserved_concurrency_throttles_versions_and_aliases_too(cloud: RunningCloud) -> None:
    function = deployed(cloud, ECHO)
    version = function.publish()
    cloud.client("lambda").put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as problem:
        function.invoke(qualifier=version)
    answer = problem.value.response
    assert answer["Error"]["Code"] == "TooManyRequestsException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_new_code_replaces_the_environments_of_the_latest_version_only(cloud: RunningCloud) -> None:
    source = "import os\ndef handler(event, context): return os.getpid()"
    function = deployed(cloud, source)
    version = function.publish()
    latest, published = function.invoke().payload, function.invoke(qualifier=version).payload
    cloud.client("lambda").update_function_code(FunctionName=function.name, ZipFile=packed(source + "\n# new\n"))
    assert function.invoke().payload != latest
    assert function.invoke(qualifier=version).payload == published


def test_provisioned_environments_are_warm_before_the_first_call(cloud: RunningCloud) -> None:
    source = "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']"
    functions, function = cloud.client("lambda"), deployed(cloud, source)
    version = function.publish()
    functions.put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=version, ProvisionedConcurrentExecutions=2
    )

    def ready() -> int:
        told = functions.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier=version)
        return told["AvailableProvisionedConcurrentExecutions"] if told["Status"] == "READY" else 0

    assert eventually(ready, "two warm environments") == 2
    call = function.invoke(qualifier=version)
    assert call.payload == "provisioned-concurrency"
    assert "Init Duration" not in base64.b64decode(call.answer["LogResult"]).decode()


def test_a_version_that_cannot_be_imported_cannot_be_provisioned(cloud: RunningCloud) -> None:
    functions, function = cloud.client("lambda"), deployed(cloud, "import no_such_module")
    version = function.publish()
    functions.put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=version, ProvisionedConcurrentExecutions=1
    )

    def failed() -> str | None:
        told = functions.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier=version)
        return told["StatusReason"] if told["Status"] == "FAILED" else None

    assert "no_such_module" in eventually(failed, "a failed configuration")


@pytest.mark.parametrize(("qualifier", "reserved"), [("$LATEST", None), ("1", 1)])
def test_provisioned_concurrency_needs_a_version_and_fits_into_the_reserved(
    cloud: RunningCloud, qualifier: str, reserved: int | None
) -> None:
    functions, function = cloud.client("lambda"), deployed(cloud, ECHO)
    function.publish()
    if reserved is not None:
        functions.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=reserved)
    with pytest.raises(ClientError) as problem:
        functions.put_provisioned_concurrency_config(
            FunctionName=function.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=2
        )
    assert problem.value.response["Error"]["Code"] == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("payload", "kind", "error", "status"),
    [
        (b"{'a': 1}", "RequestResponse", "InvalidRequestContentException", 400),
        (b'"' + b"a" * 6 * 1024 * 1024 + b'"', "RequestResponse", "RequestTooLargeException", 413),
        (b'"' + b"a" * 1024 * 1024 + b'"', "Event", "RequestTooLargeException", 413),
    ],
)
def test_a_payload_that_lambda_does_not_take_runs_nothing(
    function: Deployed, payload: bytes, kind: "InvocationTypeType", error: str, status: int
) -> None:
    """What was no JSON ran the function with an empty event."""
    with pytest.raises(ClientError) as refused:
        function.cloud.client("lambda").invoke(FunctionName=function.name, Payload=payload, InvocationType=kind)

    told = refused.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == (error, status)
