"""CloudWatch of the embedded cloud: metrics, metric math, alarms, and metrics embedded in log lines."""

from localcloud.observe.settings import ObserveSettings

__all__ = ["ObserveSettings", "install"]


def install(settings: ObserveSettings) -> None:
    """Puts this CloudWatch in the place of ministack's and starts its alarm evaluator.

    Call it once, before the first request is served. The evaluator's thread ends with the process.

    Raises:
        AttributeError: ministack has not the parts that this replaces; `localcloud.observe.emulator` lists them.
    """
    from localcloud.observe.installation import put_in_place  # noqa: PLC0415 - importing ministack takes its time

    put_in_place(settings)
