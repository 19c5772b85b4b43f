"""boto3 clients for the adapters, and AWS's many refusals sorted into the few that the controller knows."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ParamValidationError

from canary.core.errors import AccessDenied, ConfigError, RolloutConflict, StaleWrite, Unavailable

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient

CALLS_A_SECOND: Final = 7
"""Lambda allows 15 control-plane calls a second to a whole account and region: enough for two controllers, a command
and the controller inside AWS, and a little for others."""


def _config(*, attempts: int, connect_s: float, read_s: float) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_s,
        read_timeout=read_s,
        user_agent_extra="lambda-bluegreen",
    )


_PATIENT = _config(attempts=4, connect_s=3, read_s=10)
"""For commands, which may wait."""
_PROMPT = _config(attempts=2, connect_s=2, read_s=5)
"""For aliases and metrics: a service that hangs may not hold up the way back of another rollout for long."""
_STORE = _config(attempts=2, connect_s=1, read_s=2)
"""For the table of rollouts, which is asked before anything is looked at and must not delay a rollback."""
_BRIEF = _config(attempts=2, connect_s=2, read_s=3)
"""For notices, which nobody waits for."""
LONGEST_CALL_S: Final = 900
_HOOKS = _config(attempts=1, connect_s=3, read_s=LONGEST_CALL_S + 10)
"""For calls of hooks: as long as a function may run, and once. A hook that is called again would test twice."""
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_STALE = {"PreconditionFailedException", "ConditionalCheckFailedException"}
_MISSING = {"ResourceNotFoundException", "ResourceNotFound"}
_REFUSED = {
    "InvalidParameterValueException",
    "InvalidParameterValue",
    "ValidationException",
    "ValidationError",
    "LimitExceeded",
}
_UNKNOWN_CALLER = {"UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"}


class Pace:
    """Lets Lambda's control-plane calls pass one by one, evenly spaced when they come in a crowd, attempt by attempt.

    Shared by all threads of a process. Calls of functions are not of the control plane.
    """

    def __init__(self, calls_a_second: float) -> None:
        """At most so many, the first at once."""
        self._apart = 1 / calls_a_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, event_name: str, **_request: object) -> None:
        """Returns when the caller's turn has come. botocore's ``before-send`` event."""
        if event_name.endswith(".Invoke"):
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._apart
        time.sleep(turn - now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """One client for each service that the controller speaks to; safe to share between threads."""

    functions: "LambdaClient"
    hooks: "LambdaClient"
    cloudwatch: "CloudWatchClient"
    dynamodb: "DynamoDBClient"
    parameters: "SSMClient"
    session: boto3.Session

    def apis(self) -> "APIGatewayClient":
        """A client for check-ups."""
        return self.session.client("apigateway", config=_PATIENT)

    def identities(self) -> Any:  # noqa: ANN401 - no types are installed for IAM, of which one call is used
        """A client for check-ups: IAM."""
        return self.session.client("iam", config=_PATIENT)

    def tokens(self) -> Any:  # noqa: ANN401 - the same for STS
        """A client for check-ups: STS."""
        return self.session.client("sts", config=_PATIENT)

    def topics(self) -> "SNSClient":
        """A client for notices; it gives up soon."""
        return self.session.client("sns", config=_BRIEF)

    def events(self) -> "EventBridgeClient":
        """A client for notices; it gives up soon."""
        return self.session.client("events", config=_BRIEF)


def connect(region: str | None = None) -> Clients:
    """Clients from the ordinary AWS settings: environment, profile, role, and ``AWS_ENDPOINT_URL`` where it is set.

    ``AWS_REGION`` counts as for the aws command; boto3 alone reads ``AWS_DEFAULT_REGION`` only.

    Raises:
        ConfigError: no region is set anywhere, or a setting that boto3 refuses.
    """
    try:
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        functions = session.client("lambda", config=_PROMPT)
        functions.meta.events.register("before-send.lambda", Pace(CALLS_A_SECOND).wait)
        return Clients(
            functions=functions,
            hooks=session.client("lambda", config=_HOOKS),
            cloudwatch=session.client("cloudwatch", config=_PROMPT),
            dynamodb=session.client("dynamodb", config=_STORE),
            parameters=session.client("ssm", config=_PATIENT),
            session=session,
        )
    except NoRegionError as error:
        raise ConfigError("no AWS region is set; export AWS_REGION=us-east-1 or pass --region") from error
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(
            f"the AWS settings are of no use: {_line(error)}; mend --region, AWS_PROFILE, AWS_ENDPOINT_URL, AWS_REGION "
            "or ~/.aws/config"
        ) from error


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turns whatever AWS or the network answers while `doing` something into one of the errors of the core.

    What is not known to be a refusal is `Unavailable`: nothing is known about the effect of such a call.
    """
    try:
        yield
    except ClientError as error:
        raise _sorted(doing, error) from error
    except NoCredentialsError as error:
        raise AccessDenied(f"{doing}: no AWS credentials were found; log in or export AWS_PROFILE") from error
    except ParamValidationError as error:
        raise ConfigError(f"{doing}: {_line(error)}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {_line(error)}") from error


def _line(error: Exception) -> str:
    """Its text as one line."""
    return " ".join(str(error).split())


def error_code(error: ClientError) -> str:
    """AWS's name of the error."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def _sorted(doing: str, error: ClientError) -> AccessDenied | StaleWrite | ConfigError | RolloutConflict | Unavailable:
    code = error_code(error)
    said = error.response.get("Error", {}).get("Message", "") or code
    if code in _DENIED:
        return AccessDenied(f"{doing}: the caller may not call {error.operation_name}: {said}")
    if code in _UNKNOWN_CALLER:
        return AccessDenied(f"{doing}: AWS does not know these credentials ({code}); log in again")
    if code in _STALE:
        return StaleWrite(f"{doing}: it changed since it was read")
    if code in _MISSING:
        return ConfigError(f"{doing}: {said}; check its name and the region, or deploy the stack first")
    if code in _REFUSED:
        return ConfigError(f"{doing}: {said}")
    return Unavailable(f"{doing}: {code}: {said}")
