"""Tell sinks a run as leanopt does: on threads of their own, each call limited."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.testing import sink_rules as rules
from leanopt_core.testing.limits import CallThread, Limits

#: Bytes that a pipe always has room for.
_MESSAGE: Final = 4096

MakeSink = Callable[[Path], Sink]


def a_plan() -> dict[str, Any]:
    """Return a search plan; a new one each time, since a sink may change it."""
    return {"name": "trend", "seed": 7, "stages": [{"use": "lhs", "trials": 4}]}


@frozen
class Teller:
    """Makes sinks and tells them runs.

    It keeps them until the test ends: what they have written must not need their end.
    """

    make_sink: MakeSink
    limits: Limits
    _threads: list[CallThread] = field(factory=list)
    _sinks: list[Sink] = field(factory=list)

    def make(self, folder: Path) -> Sink:
        """Return a sink for a project's folder, whose calls are made on another thread."""
        with _named("being built"):
            made = self.limits.run("make_sink", lambda: self.make_sink(folder))
        self._threads.append(CallThread())
        self._sinks.append(evolve(self.limits, thread=self._threads[-1]).of(made))
        return self._sinks[-1]

    def tell(
        self,
        folder: Path,
        told: Iterable[TrialRecord],
        *,
        state: str = "finished",
        resumed: bool = False,
        plan: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a sink and tell it a run."""
        run = [*begin(self.make(folder), told, resumed=resumed, plan=plan)]
        finish(run[-1], state)

    def tell_and_die(self, folder: Path, told: Iterable[TrialRecord]) -> None:
        """Start a run in a child process that exits without finishing anything."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # About other threads, which the child does not need.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            said = "its process ended"
            try:
                list(begin(self.make(folder), told))
                said = ""
            except BaseException as error:  # noqa: BLE001 - the parent raises it
                said = str(error)
            finally:
                os.write(writing, said.encode()[:_MESSAGE])
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        assert not said, f"{rules.RAISES}; in a run that is killed: {said}"

    def close(self) -> None:
        """End the sinks' threads."""
        for thread in self._threads:
            thread.close()


def begin(
    sink: Sink,
    told: Iterable[TrialRecord],
    *,
    resumed: bool = False,
    plan: Mapping[str, Any] | None = None,
) -> Iterator[Sink]:
    """Tell a sink everything but the end; a search's stage ends before the next search.

    Yields the sink after each call, so that others can be told between.
    """
    search = 1
    with _named("start"):
        sink.start("trend-1", a_plan() if plan is None else plan, resumed)
    yield sink
    for record in told:
        if record.search != search:
            end_stage(sink, search)
            search = record.search
        with _named(f"trial {record.trial.number} of search {record.search}"):
            sink.trial(record)
        yield sink
    end_stage(sink, search)
    yield sink


def end_stage(sink: Sink, search: int) -> None:
    """Tell a sink the end of a stage."""
    with _named("stage"):
        sink.stage(search, "lhs", "trials")


def finish(sink: Sink, state: str = "finished") -> None:
    """Tell a sink the end."""
    with _named(f"finish with {state!r}"):
        sink.finish(state)


@contextmanager
def _named(call: str) -> Iterator[None]:
    """Fail with the rule and the call if the sink raises."""
    try:
        yield
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{rules.RAISES}; {call}: it raised {told}") from error
