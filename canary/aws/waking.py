"""Wakes the controller inside AWS, so that it does not wait for its schedule. Decides nothing."""

from typing import TYPE_CHECKING

from canary.aws.clients import aws_errors
from canary.core.model import FunctionName

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient


def wake_controller(client: "LambdaClient", controller: FunctionName) -> None:
    """Has the function called once, asynchronously, as by its schedule."""
    with aws_errors(f"waking controller {controller}"):
        client.invoke(FunctionName=controller, InvocationType="Event", Payload=b"{}")
