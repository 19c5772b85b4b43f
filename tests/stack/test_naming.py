import pytest

from stack.errors import SettingsError
from stack.naming import Place, name

PLACE = Place(
    environment="dev",
    account="123456789012",
    region="eu-west-1",
    cost_centre="payments",
    data_classification="internal",
)


def test_a_name_is_type_purpose_environment() -> None:
    assert name("function", "payment-processor", "dev") == "function-payment-processor-dev"


@pytest.mark.parametrize("purpose", ["Payment", "payment_processor", "payment processor", "", "-payment", "payment--x"])
def test_a_part_that_aws_would_take_differently_somewhere_is_refused(purpose: str) -> None:
    with pytest.raises(SettingsError, match="cannot be part of a resource name"):
        name("function", purpose, "dev")


def test_a_name_that_lambda_would_not_take_is_refused() -> None:
    with pytest.raises(SettingsError, match="has 65 characters"):
        name("function", "x" * (65 - len("function--dev")), "dev")


def test_tags_tell_owner_cost_and_classification() -> None:
    assert PLACE.tags("payments") == {
        "Project": "bluegreen-payments",
        "Environment": "dev",
        "Component": "payments",
        "CostCentre": "payments",
        "DataClassification": "internal",
        "ManagedBy": "pulumi",
    }


def test_an_arn_carries_region_account_and_qualifier() -> None:
    assert PLACE.function_arn("f", "live") == "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
    assert PLACE.function_arn("f") == "arn:aws:lambda:eu-west-1:123456789012:function:f"
