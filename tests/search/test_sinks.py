"""A sink that hangs at the end, and the placeholders of paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.search.events import RunEnded, RunStarted
from leanopt_core.search.sinks import RunSink, Sinks
from leanopt_core.sinks.paths import fill, placeholders
from leanopt_core.store.records import StoredRun

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
    sinks = Sinks([RunSink(0, "x", "sink 'x' (y 1.0)", hanging)], warnings.append, patience=0.2)
    sinks.observe(RunStarted(RUN, {}, 1, resumed=False))
    sinks.observe(RunEnded("finished"))
    assert warnings == [
        "sink 'x' (y 1.0) did not finish within 0.2 s and is left behind; the store has every trial"
    ]


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
