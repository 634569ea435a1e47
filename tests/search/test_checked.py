"""What an engine returns becomes plain values, or its engine's fault."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from leanopt_core.errors import PluginError
from leanopt_core.outputs import ClosedTrade, Equity
from leanopt_core.search.checked import UnusableError, checked_outcome
from leanopt_core.search.guarded_engine import GuardedEngine, GuardedExecutor
from leanopt_core.statistics import Statistics
from leanopt_core.work import Answer, Backtest, Launch, Outcome, Scenario

ALL = frozenset({"returns", "equity", "trades"})
NOTHING: frozenset[str] = frozenset()
GOOD = Outcome(
    Statistics({}), equity=Equity([1, 2], [1.0, 2.0]), trades=[ClosedTrade(1, 2.0, tag="x")]
)


class Mute:
    """Cannot even be shown."""

    def __repr__(self) -> str:
        """Fail."""
        raise LookupError


def test_numbers_become_plain() -> None:
    """NumPy's, and whole ones where a fraction is expected."""
    trade: Any = ClosedTrade(np.int64(3), 2, np.float32(0.5), np.int8(-1), 5.0, fees=np.float64(1))
    curve: Any = Equity(np.array([1, 2]), np.array([1, 2], dtype=np.float32))
    closed: Any = np.int64(7)
    given = Outcome(Statistics({}), equity=curve, trades=[trade], closed_trades=closed)
    found = checked_outcome(given, ALL)
    assert found.trades == (ClosedTrade(3, 2.0, 0.5, -1, 5, fees=1.0),)
    assert found.equity == Equity(array("q", [1, 2]), array("d", [1.0, 2.0]))
    numbers = (found.trades[0].entry_time, found.trades[0].fees, found.closed_trades)
    assert [type(one) for one in numbers] == [int, float, int]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equity": Equity([2, 2], [1.0, 2.0])}, "an Equity whose times[1] is not after the one"),
        ({"equity": Equity([1, 2], [1.0, math.nan])}, "an Equity whose values[1] is nan"),
        ({"equity": Equity([1, 2**63 - 1], [1.0, 2.0])}, "are not seconds since 1970"),
        ({"trades": [[1, 2.0]]}, "trades[0] [1, 2.0], expected a ClosedTrade"),
        ({"trades": [ClosedTrade(profit=math.inf)]}, "the profit of trades[0] is inf"),
        ({"trades": [ClosedTrade(fees=10**400)]}, "the fees of trades[0] is 1000"),
        ({"trades": [ClosedTrade(entry_time=10**5000)]}, "the entry_time of trades[0] is <int>"),
        ({"trades": [ClosedTrade(entry_time=1.5)]}, "the entry_time of trades[0] is 1.5"),  # type: ignore[arg-type]
        ({"trades": [ClosedTrade(tag=5)]}, "the tag of trades[0] is 5"),  # type: ignore[arg-type]
        ({"trades": [ClosedTrade(fees="5")]}, "the fees of trades[0] is '5'"),  # type: ignore[arg-type]
        ({"trades": [ClosedTrade(fees=Mute())]}, "the fees of trades[0] is <Mute>"),  # type: ignore[arg-type]
    ],
)
def test_what_a_fitness_function_needs_is_usable(change: dict[str, Any], message: str) -> None:
    """What it does not need does no harm."""
    outcome = evolve(GOOD, **change)
    with pytest.raises(UnusableError) as caught:
        checked_outcome(outcome, ALL)
    assert message in str(caught.value)
    assert checked_outcome(outcome, NOTHING).statistics == Statistics({})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equity": Equity([1], [10**400])}, "an Equity that cannot be read: int too large"),
        ({"equity": Equity([10**30], [1.0])}, "an Equity that cannot be read: "),
        ({"equity": [1.0]}, "the equity [1.0], expected an Equity"),
        ({"trades": Mute()}, "the trades <Mute>, expected a sequence or None"),
        ({"closed_trades": math.nan}, "the closed_trades nan, expected a whole number or None"),
        ({"closed_trades": "5"}, "the closed_trades '5', expected a whole number or None"),
        ({"closed_trades": -1}, "the closed_trades -1, expected a whole number or None"),
        ({"closed_trades": 10**40}, "the closed_trades 1000"),
    ],
)
def test_what_the_store_would_choke_on_is_refused(change: dict[str, Any], message: str) -> None:
    """Whether or not a fitness function needs it."""
    with pytest.raises(UnusableError) as caught:
        checked_outcome(evolve(GOOD, **change), NOTHING)
    assert message in str(caught.value)


def test_a_curve_whose_lists_grew_apart_is_refused() -> None:
    """Its lengths were right when it was made."""
    curve = Equity([1, 2], [1.0, 2.0])
    assert isinstance(curve.times, list)
    curve.times.append(3)
    with pytest.raises(UnusableError, match="equity has 3 times and 2 values"):
        checked_outcome(evolve(GOOD, equity=curve), NOTHING)


def test_returns_alone_ask_little_of_a_curve() -> None:
    """They end where it has no value."""
    curve = Equity([1, 2], [1.0, math.inf])
    found = checked_outcome(evolve(GOOD, equity=curve), frozenset({"returns"}))
    assert found.equity == Equity(array("q", [1, 2]), array("d", [1.0, math.inf]))


class Wild:
    """An engine that returns what it is told to."""

    data: Any = None
    data_files: Any = None

    def __init__(self, outcome: Any = None) -> None:
        self.outcome = outcome

    def prepare(self, *_: object) -> Any:
        """Return nothing of use."""

    request = prepare

    def read(self, *_: object) -> Any:
        """Return the outcome."""
        return self.outcome


class Trap(list[Any]):
    """A list whose elements cannot be had."""

    def __iter__(self) -> Any:
        """Fail."""
        raise KeyError("trap")


def test_the_code_of_what_was_returned_is_the_engines_too() -> None:
    """Its exceptions name the engine."""
    outcome = Outcome(Statistics({}), trades=Trap())
    engine = GuardedEngine(Wild(outcome), "engine 'wild' (w 1)", needs=ALL)
    with pytest.raises(PluginError) as caught:
        engine.read(Answer({}), Backtest("", {}, Scenario()), NOTHING)
    assert str(caught.value) == "engine 'wild' (w 1), reading an answer: it raised KeyError: 'trap'"


@pytest.mark.parametrize(
    ("given", "shown"), [("*.zip", "'*.zip'"), ([1], "[1]"), (Mute(), "<Mute>"), (b"x", "b'x'")]
)
def test_data_files_are_a_list_of_patterns(given: object, shown: str) -> None:
    """A text is a sequence of texts, too, but its characters are no patterns."""
    engine = Wild()
    engine.data_files = given
    with pytest.raises(PluginError) as caught:
        _ = GuardedEngine(engine, "engine 'wild' (w 1)").data_files
    expected = f"it has the data_files {shown}, expected a list of patterns or None"
    assert str(caught.value) == f"engine 'wild' (w 1), asked for its data: {expected}"


@pytest.mark.parametrize("patterns", [None, (), ["*.zip"], ("a", "b")])
def test_good_data_files_pass(patterns: object) -> None:
    """Lists and tuples."""
    engine = Wild()
    engine.data_files = patterns
    assert GuardedEngine(engine, "engine 'wild' (w 1)").data_files == patterns


def test_data_without_words_is_named() -> None:
    """A repr that raises is the plugin's fault as well."""
    engine = Wild()
    engine.data = Mute()
    with pytest.raises(PluginError, match="it has the data <Mute>, expected a Path or None"):
        _ = GuardedEngine(engine, "engine 'wild' (w 1)").data


class Stubborn:
    """A channel that lacks most methods, and cannot be killed."""

    def __init__(self) -> None:
        self.released = False

    def kill(self) -> None:
        """Fail."""
        raise OSError("not now")

    def release(self) -> None:
        """Note it."""
        self.released = True


class Starter:
    """An executor that starts one channel."""

    def __init__(self, channel: Stubborn) -> None:
        self.channel = channel

    def spawn(self, *_: object, **__: object) -> Any:
        """Return the channel."""
        return self.channel

    runtime = run_command = reproduce_command = workers = close = spawn


def test_a_broken_channel_is_released_even_if_it_cannot_be_killed(tmp_path: Path) -> None:
    """Nobody else knows of it."""
    channel = Stubborn()
    starter: Any = Starter(channel)
    executor = GuardedExecutor(starter, "executor 'wild' (w 1)")
    with pytest.raises(PluginError, match=r"starting a worker: it made .*, which has no filenos"):
        executor.spawn(Launch((str(tmp_path),)), 1)
    assert channel.released
