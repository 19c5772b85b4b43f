"""The AWS services that the functions use: each made once an execution environment, at its first use.

Endpoint, region and credentials come from the ordinary AWS variables, which Lambda sets.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from handlers.shared.aws_call import Credentials, Service
from handlers.shared.settings import required

JSON_1_0: Final = "application/x-amz-json-1.0"
JSON_1_1: Final = "application/x-amz-json-1.1"
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"


@cache
def dynamodb() -> Service:
    """DynamoDB."""
    return connect("dynamodb", target="DynamoDB_20120810", protocol=JSON_1_0)


@cache
def sqs() -> Service:
    """SQS."""
    return connect("sqs", target="AmazonSQS", protocol=JSON_1_0)


@cache
def ssm() -> Service:
    """Systems Manager's parameters."""
    return connect("ssm", target="AmazonSSM", protocol=JSON_1_1)


@cache
def sns() -> Service:
    """SNS."""
    return connect("sns", target="", protocol=FORM)


def connect(name: str, *, target: str, protocol: str) -> Service:
    """The service `name` in this function's region, at the endpoint that the variables name or at AWS's own."""
    region = os.environ.get("AWS_REGION") or required("AWS_DEFAULT_REGION")
    endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{name.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    return Service(
        name=name,
        region=region,
        endpoint=(endpoint or f"https://{name}.{region}.amazonaws.com").rstrip("/"),
        target=target,
        protocol=protocol,
        credentials=Credentials(
            access_key=required("AWS_ACCESS_KEY_ID"),
            secret_key=required("AWS_SECRET_ACCESS_KEY"),
            token=os.environ.get("AWS_SESSION_TOKEN"),
        ),
    )
