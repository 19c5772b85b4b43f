"""AWS's many refusals, sorted by who must act (design: ERRORS)."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError
from botocore.stub import Stubber

from canary.aws.alias import LambdaRouter
from canary.aws.clients import aws_errors
from canary.cli import exit_code
from canary.core.errors import AccessDenied, CanaryError, ConfigError, StaleWrite, Unavailable
from canary.core.model import AliasName, AliasRouting, FunctionName, RevisionId, Version, Weight

PAY, LIVE = FunctionName("pay"), AliasName("live")
ROUTING = AliasRouting(stable=Version("1"), canary=Version("2"), weight=Weight(1250), revision=RevisionId("r-1"))


@pytest.fixture
def stubbed() -> tuple[LambdaRouter, Stubber]:
    client = boto3.client(
        "lambda",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    return LambdaRouter(client), Stubber(client)


@pytest.mark.parametrize(
    ("code", "kind", "exits"),
    [
        ("TooManyRequestsException", Unavailable, 75),
        ("ServiceException", Unavailable, 75),
        ("ResourceConflictException", Unavailable, 75),
        ("PreconditionFailedException", StaleWrite, 2),
        ("AccessDeniedException", AccessDenied, 77),
        ("ExpiredTokenException", AccessDenied, 77),
        ("InvalidParameterValueException", ConfigError, 2),
    ],
)
def test_a_refused_write_is_sorted_by_who_must_act(
    stubbed: tuple[LambdaRouter, Stubber], code: str, kind: type[CanaryError], exits: int
) -> None:
    router, stubber = stubbed
    stubber.add_client_error("update_alias", service_error_code=code, service_message="AWS said no")

    with (
        stubber,
        pytest.raises(kind, match=r"setting alias pay:live to version 1 87.5 % \+ version 2 12.5 %") as refused,
    ):
        router.write_routing(PAY, LIVE, ROUTING)

    assert exit_code(refused.value) == exits


def test_a_write_always_names_version_weights_and_revision(stubbed: tuple[LambdaRouter, Stubber]) -> None:
    router, stubber = stubbed
    stubber.add_response(
        "update_alias",
        {"FunctionVersion": "1", "RevisionId": "r-2", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.125}}},
        {
            "FunctionName": "pay",
            "Name": "live",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.125}},
            "RevisionId": "r-1",
        },
    )

    with stubber:
        written = router.write_routing(PAY, LIVE, ROUTING)

    assert (written.weight, written.revision) == (Weight(1250), "r-2")


def test_a_clearing_write_sends_the_empty_weights(stubbed: tuple[LambdaRouter, Stubber]) -> None:
    """Lambda keeps the weights that an update does not mention: a promotion would leave the split behind."""
    router, stubber = stubbed
    stubber.add_response(
        "update_alias",
        {"FunctionVersion": "2", "RevisionId": "r-2"},
        {
            "FunctionName": "pay",
            "Name": "live",
            "FunctionVersion": "2",
            "RoutingConfig": {"AdditionalVersionWeights": {}},
            "RevisionId": "r-1",
        },
    )

    with stubber:
        assert not router.write_routing(
            PAY, LIVE, AliasRouting(stable=Version("2"), revision=RevisionId("r-1"))
        ).is_split()


def test_what_is_not_there_is_told_with_what_to_check(stubbed: tuple[LambdaRouter, Stubber]) -> None:
    router, stubber = stubbed
    stubber.add_client_error("update_alias", "ResourceNotFoundException", service_message="Function not found: pay")

    with stubber, pytest.raises(ConfigError, match="Function not found: pay; check its name and the region, or deploy"):
        router.write_routing(PAY, LIVE, ROUTING)


def test_silence_of_the_network_is_no_answer_and_missing_credentials_are_a_refusal() -> None:
    with pytest.raises(Unavailable, match=r"reading: Connect timeout"), aws_errors("reading"):
        raise ConnectTimeoutError(endpoint_url="https://lambda")
    with pytest.raises(AccessDenied, match="no AWS credentials were found"), aws_errors("reading"):
        raise NoCredentialsError
