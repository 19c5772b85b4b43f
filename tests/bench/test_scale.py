"""What a tick asks of AWS: one call an alias and a state, and few for metrics and alarms, however many there are."""

from bench.scale.__main__ import measure


def test_metrics_and_alarms_are_read_in_batches_and_everything_else_once_a_rollout() -> None:
    assert measure(30).calls == {
        "cloudwatch:DescribeAlarms": 2,
        "cloudwatch:GetMetricData": 2,
        "dynamodb:GetItem": 30,
        "dynamodb:PutItem": 30,
        "dynamodb:TransactWriteItems": 30,
        "lambda:GetAlias": 30,
    }
