"""Parameters that nobody reads are found, once enough backtests have said what they read."""

from __future__ import annotations

import pytest

from leanopt_core.errors import StrategyError
from leanopt_core.search.unread import ENOUGH, ReadCheck
from leanopt_core.work import Category, Failure, Outcome


def read(*names):
    """Return what a backtest gives that read these parameters."""
    return Outcome(read=frozenset(names))


def message(call, *arguments) -> str:
    """Return the message of the error that is raised."""
    with pytest.raises(StrategyError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_parameter_that_is_never_read_stops_the_run() -> None:
    """Not before enough have been seen; with the nearest name that is read and not given."""
    check = ReadCheck(["fast", "slwo"])
    for _ in range(ENOUGH - 1):
        check.saw([read("fast", "slow")])
    assert message(check.saw, [read("fast", "slow")]) == (
        "the strategy did not read parameter 'slwo' in the first 16 backtests; "
        "did you mean 'slow'?\nto run it anyway, use --allow-unread"
    )


def test_every_unread_parameter_is_named() -> None:
    """Each with what the strategy reads instead, where no name is near."""
    check = ReadCheck(["fast", "stop", "hold"])
    check.saw([read("fast", "exit")])
    assert message(check.judge) == (
        "the strategy did not read parameter 'stop' in the first backtest; "
        "it read: exit, fast\n"
        "the strategy did not read parameter 'hold' in the first backtest; "
        "it read: exit, fast\n"
        "to run it anyway, use --allow-unread"
    )
    check = ReadCheck(["fast"])
    check.saw([read()])
    assert "; it read: none\n" in message(check.judge)


def test_one_that_is_read_on_some_paths_only_is_read() -> None:
    """A single backtest among the first is enough; what is read later is not asked."""
    check = ReadCheck(["fast", "stop"])
    for i in range(ENOUGH):
        check.saw([read("fast", "stop") if i == 7 else read("fast")])
    check.saw([read()])
    check.judge()


def test_a_near_name_that_is_given_too_is_the_second_choice() -> None:
    """It is read as itself; but what is not read may be the same, misspelt."""
    check = ReadCheck(["slow", "slow2"])
    check.saw([read("slow")])
    assert "did you mean 'slow'?" in message(check.judge)
    check = ReadCheck(["slow", "slow2"])
    check.saw([read("slow", "slow3")])
    assert "did you mean 'slow3'?" in message(check.judge)


def test_backtests_that_failed_or_cannot_say_do_not_count() -> None:
    """They may have ended before they read anything."""
    check = ReadCheck(["fast"])
    failed = Outcome(failure=Failure(Category.STRATEGY, "no"), read=frozenset())
    for _ in range(3 * ENOUGH):
        check.saw([failed, Outcome()])
    check.judge()
    check.saw([read("fast")] * ENOUGH)


def test_the_backtests_of_all_scenarios_count() -> None:
    """Eight trials of two backtests each are sixteen."""
    check = ReadCheck(["fast"])
    for _ in range(ENOUGH // 2 - 1):
        check.saw([read(), read()])
    assert "did not read parameter 'fast'" in message(check.saw, [read(), read()])


def test_a_short_run_is_judged_at_its_end_and_only_once() -> None:
    """By what was seen; nothing seen is no judgement."""
    check = ReadCheck(["fast"])
    check.judge()
    check.saw([read()])
    assert "in the first backtest" in message(check.judge)
    check.judge()
    check.saw([read()] * ENOUGH)


def test_it_can_be_allowed() -> None:
    """Then nothing is said."""
    check = ReadCheck(["fast"], allow_unread=True)
    check.saw([read()] * ENOUGH)
    check.judge()
