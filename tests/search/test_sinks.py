"""Sinks beside a run: one that hangs, one that uses random numbers, the files of one."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import PluginError
from leanopt_core.search.calls import Calls
from leanopt_core.search.events import RunStarted
from leanopt_core.search.guard import RepeatableGuard
from leanopt_core.search.sinks import RunSink, Sinks
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.sinks.paths import fill, placeholders
from leanopt_core.sinks.split import SplitSink
from leanopt_core.store.records import StoredRun
from leanopt_core.trial import Score, Trial

RUN = StoredRun(1, "hill-1", "hill", "hill", "", "{}", "{}", "running", "", None, ())


class Hangs:
    """A sink whose `finish` does not return before it may."""

    def __init__(self) -> None:
        self.free = Event()

    def start(self, run, plan, resumed) -> None:
        """Take the start."""

    def finish(self, state) -> None:
        """Hang."""
        self.free.wait()


@pytest.fixture
def hanging() -> Iterator[Hangs]:
    """A sink that hangs until the test has ended."""
    sink = Hangs()
    yield sink
    sink.free.set()


def test_a_sink_that_hangs_at_the_end_is_left_behind(hanging: Hangs) -> None:
    """With a warning that names it; the run ends."""
    warnings: list[str] = []
    sinks = Sinks([RunSink("0", "x", "sink 'x' (y 1.0)", hanging)], warnings.append, patience=0.2)
    sinks.observe(RunStarted(RUN, {}, 1, resumed=False))
    sinks.finish("finished")
    assert warnings == [
        "sink 'x' (y 1.0) did not finish within 0.2 s and is left behind; the store has every trial"
    ]


class Breaks:
    """A sink that raises what nobody expects of another thread than the main one."""

    def __init__(self) -> None:
        self.ended = ""

    def start(self, run, plan, resumed) -> None:
        """Raise it."""
        raise KeyboardInterrupt

    def finish(self, state) -> None:
        """Note the state."""
        self.ended = state


def test_a_sink_that_raises_ctrl_c_is_dropped_as_any_other() -> None:
    """A signal never arrives there, so it is the sink's own."""
    warnings: list[str] = []
    sink = Breaks()
    sinks = Sinks([RunSink("0", "x", "sink 'x' (y 1.0)", sink)], warnings.append)
    sinks.observe(RunStarted(RUN, {}, 1, resumed=False))
    sinks.finish("finished")
    assert warnings == [
        (
            "sink 'x' (y 1.0), being started: it raised KeyboardInterrupt: ; it gets no more "
            "trials, and the store has every trial"
        )
    ]
    assert sink.ended == "finished"


def test_numpy_may_be_half_imported_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is known before it has its names."""
    monkeypatch.setitem(sys.modules, "numpy.random", ModuleType("numpy.random"))
    assert RepeatableGuard("stage 'walker'").call("asked", int, "7") == 7


class Dices:
    """A sink that uses the global generator when it is let."""

    def __init__(self) -> None:
        self.begun, self.let, self.done = Event(), Event(), Event()

    def start(self, run, plan, resumed) -> None:
        """Use it once."""
        self.begun.set()
        self.let.wait()
        random.random()
        self.done.set()

    def finish(self, state) -> None:
        """Take the end."""


def test_no_method_is_blamed_for_what_a_sink_does() -> None:
    """A sink may use global random state; a method may not, whatever sinks there are."""
    sink = Dices()
    calls = Calls()
    sinks = Sinks([RunSink("0", "x", "sink 'x' (y 1.0)", sink)], print, calls)
    sinks.observe(RunStarted(RUN, {}, 1, resumed=False))
    sink.begun.wait()
    guard = RepeatableGuard("stage 'walker'", calls=calls)

    def innocent() -> bool:
        sink.let.set()
        return sink.done.wait()

    assert guard.call("asked", innocent)
    sinks.finish("finished")
    with pytest.raises(PluginError, match="global random state"):
        guard.call("asked", random.random)


class Notes:
    """A sink that notes its calls."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.trials: list[tuple[int, int, list[str]]] = []
        self.stages: list[int] = []
        self.ended = ""

    def start(self, run, plan, resumed) -> None:
        """Take the start."""

    def trial(self, record) -> None:
        """Note search, number and scenarios."""
        self.trials.append((record.search, record.trial.number, list(record.statistics)))

    def stage(self, search, stage, reason) -> None:
        """Note the search."""
        self.stages.append(search)

    def finish(self, state) -> None:
        """Note the state, and fail."""
        self.ended = state
        raise OSError(state)


#: Two searches; the second has two scenarios of one symbol.
SYMBOLS = {1: {"a": "SPY", "b": "QQQ"}, 2: {"c": "SPY", "d": "SPY"}}
ALL = [(1, 1, ["a", "b"]), (2, 1, ["c", "d"])]


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (["run"], {("r",): ALL}),
        (["search"], {("1",): ALL[:1], ("2",): ALL[1:]}),
        (["symbol"], {("SPY",): [(1, 1, ["a"]), ALL[1]], ("QQQ",): [(1, 1, ["b"])]}),
        (
            ["search", "symbol"],
            {
                ("1", "SPY"): [(1, 1, ["a"])],
                ("1", "QQQ"): [(1, 1, ["b"])],
                ("2", "SPY"): [ALL[1]],
            },
        ),
    ],
)
def test_records_are_split_over_parts(
    used: list[str], expected: dict[tuple[str, ...], Any]
) -> None:
    """By search and symbol; each part has the ends of its stages, and its own end."""
    parts: list[Notes] = []

    def build(values: Mapping[str, str]) -> Notes:
        parts.append(Notes(values))
        return parts[-1]

    sink = SplitSink(build, used, SYMBOLS)
    sink.start("r", {}, resumed=False)
    for search, symbols in SYMBOLS.items():
        trial = Trial(1, "lhs", (0,), "", Score(1.0, 1.0))
        sink.trial(TrialRecord(search, trial, {}, dict.fromkeys(symbols)))
        sink.stage(search, "lhs", "trials")
    with pytest.raises(OSError, match="finished"):
        sink.finish("finished")
    assert {tuple(one.values[name] for name in used): one.trials for one in parts} == expected
    for one in parts:
        assert one.stages == sorted({search for search, *_ in one.trials})
        assert one.ended == "finished"


@pytest.mark.long
@given(
    run=st.text(min_size=1),
    symbol=st.text(min_size=1),
    template=st.sampled_from(["{run}", "a/{run}-{symbol}.csv", "{symbol}/{run}", "x{symbol}"]),
)
def test_values_stay_in_the_folder_and_apart(run: str, symbol: str, template: str) -> None:
    """A value adds no folder and leaves none; other values give another path."""
    folder = Path("/pro{run}ject")
    values = {"run": run, "search": "1", "symbol": symbol}
    path = fill(folder / template, folder, values)
    assert path.is_relative_to(folder)
    assert len(path.parts) == len((folder / template).parts)
    assert ".." not in path.parts
    other = {**values, **{name: f"{value}/" for name, value in values.items()}}
    assert fill(folder / template, folder, other) != path


def test_the_project_s_own_folder_has_no_placeholders() -> None:
    """Only what the user wrote counts; an absolute path elsewhere is the user's."""
    folder = Path("/pro{run}ject")
    assert placeholders(folder / "a-{search}.csv", folder) == ["search"]
    assert placeholders(Path("/other/{symbol}.csv"), folder) == ["symbol"]
