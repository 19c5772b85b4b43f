"""The table of rollouts on the embedded cloud."""

from uuid import uuid4

from localcloud.running import RunningCloud


def rollout_table(cloud: RunningCloud) -> str:
    """The name of a new, empty table."""
    name = f"rollouts-{uuid4().hex[:8]}"
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    return name
