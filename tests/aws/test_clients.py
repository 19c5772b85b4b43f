"""Which region the adapters speak to, and settings that boto3 refuses."""

import pytest

from canary.aws.clients import connect
from canary.core.errors import ConfigError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_names_the_region(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error without a region told people to export a variable that was not read."""
    monkeypatch.setenv(variable, "eu-west-3")

    assert connect().functions.meta.region_name == "eu-west-3"


def test_a_region_that_is_asked_for_outranks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")

    assert connect("us-east-2").functions.meta.region_name == "us-east-2"


def test_without_one_the_error_says_what_to_type() -> None:
    with pytest.raises(ConfigError, match="export AWS_REGION=us-east-1 or pass --region"):
        connect()


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("AWS_PROFILE", "nope", r"The config profile \(nope\) could not be found"),
        ("AWS_ENDPOINT_URL", "foo", "Invalid endpoint: foo"),
        ("AWS_REGION", "us east!", "us east!"),
    ],
)
def test_a_setting_that_boto3_refuses_is_said(
    variable: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them ended in a traceback of botocore."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError, match=f"the AWS settings are of no use: .*{why}.*; mend --region, AWS_PROFILE"):
        connect()
