"""The closed list of resource types that the local engine can make."""

import importlib
from itertools import chain
from typing import Final

from localcloud.resources.model import ResourceType

_MODULES: Final = (
    "apigateway",
    "apigateway_access",
    "apigateway_stage",
    "autoscaling",
    "backup",
    "budgets",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ec2_routes",
    "events",
    "iam",
    "kms",
    "lambda_access",
    "lambda_function",
    "logs",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "ssm",
    "wafv2",
)


def _declared() -> dict[str, ResourceType]:
    modules = (importlib.import_module(f"localcloud.resources.{name}") for name in _MODULES)
    members = chain.from_iterable(vars(module).values() for module in modules)
    types = {each for each in members if isinstance(each, type) and issubclass(each, ResourceType)}
    return {each.kind: each() for each in sorted(types, key=lambda each: each.__name__) if hasattr(each, "kind")}


CATALOG: Final = _declared()
"""Pulumi type token -> the type's only instance."""
