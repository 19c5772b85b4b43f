"""How durations and numbers of things are told to people."""

from datetime import timedelta


def duration_in_words(duration: timedelta) -> str:
    """``1 h 30 min``, ``15 s``; whole seconds, ``0 s`` at the least."""
    minutes, seconds = divmod(max(0, round(duration.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 s"


def how_many(amount: int, thing: str) -> str:
    """``no findings``, ``1 finding``, ``2 findings``."""
    return f"{amount or 'no'} {thing}{'' if amount == 1 else 's'}"
