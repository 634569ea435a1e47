"""A search ends when its first trials all fail alike: at the same trial in any order of results."""

from __future__ import annotations

import pytest
from driving import DONE, Driver, Scripted, grid, scripted
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search.commands import SearchEnded, StageEnded, Tell, Withdraw
from leanopt_core.search.failing import FAILING, FailingStart, Lacking
from leanopt_core.space import Point, Space
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Trial
from leanopt_core.work import Category, Failure


def failed(number: int, message: str, category: Category = Category.STRATEGY) -> Trial:
    """Return a trial whose only backtest failed."""
    score = Score(reasons=(message,), failure=category.value)
    failures = {"default": Failure(category, message)}
    return Trial(number, "one", (0, 0), "", score, {"default": None}, failures)


def stopped_at(most: int, trials: list[Trial]) -> int | None:
    """Return the number of the trial that is one too many."""
    start = FailingStart(most)
    return next((trial.number for trial in trials if start.told(trial)), None)


@pytest.mark.parametrize(
    "messages",
    [
        ("no bars for x = 3", "no bars for x = -12.5"),
        ("no bars for 2004-01-02", "no bars for 2017-11-30"),
        ("KeyError: 'fast' (main.py, line 3)", "KeyError: 'slow' (main.py, line 88)"),
        ('there is no "a"', 'there is no "b c"'),
        ("object at 0x7f3a", "object at 0x11bc"),
        ("it used 1,204 of 1e6", "it used 9 of 2.5E-7"),
    ],
)
def test_numbers_and_quoted_text_aside_these_are_one_message(messages: tuple[str, str]) -> None:
    """What differs is the point's own, not the reason."""
    trials = [failed(number, messages[number % 2]) for number in range(1, 30)]
    assert stopped_at(20, trials) == 20


@pytest.mark.parametrize(
    "messages", [("no bars", "no orders"), ("can't buy, so don't", "can't sell, so don't")]
)
def test_two_messages_are_two_reasons(messages: tuple[str, str]) -> None:
    """An apostrophe opens no quotation."""
    trials = [failed(number, messages[number > 7]) for number in range(1, 90)]
    assert stopped_at(20, trials) is None


def test_two_categories_are_two_reasons() -> None:
    """With the same message."""
    trials = [failed(1, "x", Category.TIMEOUT), *(failed(number, "x") for number in range(2, 90))]
    assert stopped_at(20, trials) is None


@given(st.integers(0, 30), st.integers(1, 60), st.integers(0, 60))
def test_only_the_first_trials_count(most: int, count: int, completed: int) -> None:
    """One trial that completes among them, and failing trials stop nothing any more."""
    trials = [failed(number, "x") for number in range(1, count + 1)]
    if completed < count:
        trials[completed] = Trial(completed + 1, "one", (0, 0), "", Score(1.0, 1.0))
    reached = 0 < most <= min(count, completed)
    assert stopped_at(most, trials) == (most if reached else None)


def broken(_space: Space, _point: Point) -> Score:
    """Every backtest fails, as `results_of` says too."""
    return Score(reasons=("it failed",), failure="strategy error")


@given(st.sampled_from([1, 2, 5, 16, 48]), st.integers(0, 99), st.integers(1, 20))
def test_the_search_ends_in_any_order_of_results(lookahead: int, seed: int, most: int) -> None:
    """With the trial that is one too many; those begun beyond it are withdrawn, once."""
    made: list[Scripted] = []
    rules = [
        scripted([*range(5), DONE], made, name="first"),
        scripted(list(range(5, 60)), made, name="second", patience=most),
    ]
    options = {"lookahead": lookahead, "seed": seed, "judge": broken}
    commands = Driver(grid(), rules, stop_when_failing=most, **options).run()  # type: ignore[arg-type]
    told = [command for command in commands if isinstance(command, Tell)]
    assert [one.trial.number for one in told] == list(range(1, most + 1))
    assert commands[-2:] == [StageEnded(int(most > 5), FAILING), SearchEnded(FAILING)]
    withdrawn = [command for command in commands if isinstance(command, Withdraw)]
    assert sum(len(one.numbers) for one in withdrawn) < lookahead
    # Never with 0: patience ends the second stage, and no stage is left.
    assert Driver(grid(), rules, **options).run()[-1] == SearchEnded("stages")  # type: ignore[arg-type]


def completed(number: int, fitness: float | None, *names: str) -> Trial:
    """Return a trial whose only backtest reported these statistics."""
    score = Score(fitness, fitness, reasons=() if fitness else ("no statistic",))
    return Trial(
        number, "one", (0, 0), "", score, {"default": Statistics(dict.fromkeys(names, 1.0))}
    )


@given(st.lists(st.sampled_from(["lack", "have", "fail", "fit"]), max_size=60), st.integers(0, 12))
def test_a_row_of_trials_without_a_statistic(kinds: list[str], most: int) -> None:
    """Told again from the start: the first place where so many lack it that no backtest has had."""
    rows = Lacking(["Drawdwn", "Sharpe"], most)
    made = {
        "lack": lambda n: completed(n, None, "Drawdown", "Sharpe"),
        "have": lambda n: completed(n, None, "Drawdwn", "Sharpe"),
        "fit": lambda n: completed(n, 1.0, "Sharpe"),
        "fail": lambda n: failed(n, "x"),
    }
    found = next((n for n, kind in enumerate(kinds, 1) if rows.told(made[kind](n))), None)
    until = kinds[: kinds.index("have")] if "have" in kinds else kinds
    ends = (
        end
        for end in range(1, len(until) + 1)
        if until[end - 1] == "lack"
        and ("".join(one[0] for one in until[:end] if one != "fail")).endswith("l" * most)
    )
    assert found == (next(ends, None) if most else None)
