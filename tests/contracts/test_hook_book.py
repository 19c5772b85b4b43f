"""What every HookBook does, the fake and the adapter alike (issue 4, hooks)."""

from dataclasses import replace

import pytest

from canary.core.errors import ConfigError
from canary.core.hooks import HookRun, HookStatus
from canary.side_ports import HookBook
from tests.fakes import START

KEY = "r-1/before-traffic/0/smoke"
RUN = HookRun(key=KEY, token="t0ken", started_at=START)


def test_a_run_is_begun_once(hook_book: HookBook) -> None:
    assert hook_book.begin(RUN) == RUN
    assert hook_book.begin(replace(RUN, token="other")) == RUN
    assert hook_book.read(KEY) == RUN


def test_what_never_ran_is_not_there(hook_book: HookBook) -> None:
    assert hook_book.read(KEY) is None
    with pytest.raises(ConfigError, match="no hook runs under 'r-1/before-traffic/0/smoke'"):
        hook_book.answer(KEY, HookStatus.SUCCEEDED, "")


def test_a_run_remembers_that_it_was_called(hook_book: HookBook) -> None:
    hook_book.begin(RUN)

    hook_book.mark_called(KEY)

    assert hook_book.read(KEY) == replace(RUN, is_called=True)


def test_the_first_answer_counts(hook_book: HookBook) -> None:
    hook_book.begin(RUN)

    first = hook_book.answer(KEY, HookStatus.FAILED, "no")
    second = hook_book.answer(KEY, HookStatus.SUCCEEDED, "yes")

    assert first == second == hook_book.read(KEY) == replace(RUN, status=HookStatus.FAILED, reason="no")


def test_an_answer_that_comes_before_the_mark_is_kept(hook_book: HookBook) -> None:
    hook_book.begin(RUN)
    hook_book.answer(KEY, HookStatus.SUCCEEDED, "fast")

    hook_book.mark_called(KEY)

    assert hook_book.read(KEY) == replace(RUN, status=HookStatus.SUCCEEDED, reason="fast", is_called=True)
