"""AWS/SQS metrics of every queue, sampled once a minute of alarm time."""

from collections.abc import Iterable
from typing import Final

from localcloud.observe import emulator
from localcloud.observe.metrics import store_of
from localcloud.observe.model import Plain
from localcloud.observe.store import metric_id

_COUNTED: Final = {
    "visible": "ApproximateNumberOfMessagesVisible",
    "hidden": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def sample_queues(now: float) -> None:
    """Counts the messages of every queue, and how old the oldest is, as of `now` in epoch seconds."""
    for account, region, queue in emulator.scoped_queues():
        name = queue["attributes"]["QueueArn"].rpartition(":")[2]
        counts, age = queue_state(list(queue["messages"]), now)
        points = [(metric_id("AWS/SQS", _COUNTED[kind], {"QueueName": name}), count) for kind, count in counts.items()]
        store = store_of(account, region)
        store.record_many(points, at=now, unit="Count")
        oldest = metric_id("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name})
        store.record(oldest, age, at=now, unit="Seconds")


def queue_state(messages: Iterable[Plain], now: float) -> tuple[dict[str, float], float]:
    """(messages by visible, hidden and delayed; age of the oldest in seconds, 0 for an empty queue)."""
    counts = dict.fromkeys(_COUNTED, 0.0)
    oldest = now
    for message in messages:
        hidden = "hidden" if message["receive_count"] else "delayed"
        counts["visible" if message["visible_at"] <= now else hidden] += 1
        oldest = min(oldest, float(message.get("enqueued_at") or message["sent_at"]))
    return counts, now - oldest
