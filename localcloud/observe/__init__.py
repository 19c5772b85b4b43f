"""CloudWatch of the embedded cloud: metrics, metric math, alarms, and metrics embedded in log lines."""

from localcloud.observe.settings import ObserveSettings


def install(settings: ObserveSettings) -> None:
    """Puts this CloudWatch in the place of ministack's; call once, before the first request is served."""
    _ = settings
