"""Call the sinks of a run, each on a thread of its own; none can break the run or change a trial.

The queues of the threads have no limit. The loop tells no trial while a sink is behind, so the
queues stay short, and workers and signals are served meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final

from attrs import field, frozen

from leanopt_core.errors import PluginError
from leanopt_core.search.calls import Calls
from leanopt_core.search.events import RunEvent, RunStarted, StageEnded, TrialTold
from leanopt_core.search.guard import Guard
from leanopt_core.sinks.base import Sink
from leanopt_core.store.records import Taken

#: A sink is behind with this many calls waiting, until half of them are done.
MOST_WAITING: Final = 100
#: Seconds that one call may take at the end of a run.
PATIENCE: Final = 60.0
# A sink slows the run down if it has held it up this long, and for this part of its time.
_HELD, _SHARE = 1.0, 0.05
# Seconds between two looks at a sink that is waited for.
_STEP = 0.1

# What a sink is doing in each of its methods, for messages.
_DOING: Final[Mapping[str, str]] = {
    "start": "being started",
    "trial": "given a trial",
    "stage": "given the end of a stage",
    "finish": "being finished",
}

Warn = Callable[[str], None]


@frozen
class RunSink:
    """A sink of a run: its identity, its name, and its label for messages.

    The identity stays the same wherever the sink stands in the pipeline.

    `taken` is how far it had taken each search, by number, when the run was resumed. With
    `only_new` it gets only what came later.
    """

    identity: str
    name: str
    label: str
    sink: Sink
    only_new: bool = False
    taken: Mapping[int, Taken] = field(factory=dict)


class SinkThread(threading.Thread):
    """Calls one sink; after an exception only `finish`."""

    def __init__(self, sink: RunSink, calls: Calls) -> None:
        super().__init__(name=sink.label, daemon=True)  # one that hangs must not keep the process
        self.sink = sink
        self._guard = Guard(sink.label, passing=(), calls=calls)
        self.taken = dict(sink.taken)
        self.error: PluginError | None = None
        self.wake: Callable[[], None] = lambda: None
        #: How many calls of the sink have ended.
        self.calls = 0
        self._queue: SimpleQueue[tuple[str, tuple[Any, ...]] | None] = SimpleQueue()

    def put(self, method: str, *arguments: Any) -> None:
        """Let the sink's `method` be called."""
        self._queue.put((method, arguments))

    def end(self) -> None:
        """End when every call is done."""
        self._queue.put(None)

    @property
    def waiting(self) -> int:
        """Return the number of calls that wait."""
        return self._queue.qsize()

    def run(self) -> None:
        """Call the sink until the end."""
        while (call := self._queue.get()) is not None:
            method, arguments = call
            if self.error is None:
                self._call(method, arguments)
            elif method == "finish":
                # It may still write what it has; a second error is not worth reporting.
                with suppress(PluginError):
                    self._guard.call(_DOING[method], self.sink.sink.finish, *arguments)
            if self._queue.qsize() == MOST_WAITING // 2:
                self.wake()

    def _call(self, method: str, arguments: tuple[Any, ...]) -> None:
        doing = _DOING[method]
        if method == "trial":
            doing = f"given trial {arguments[0].trial.number}"
        try:
            self._guard.call(doing, getattr(self.sink.sink, method), *arguments)
        except PluginError as error:
            self.error = error
            self.wake()
        else:
            self._took(method, arguments)
        self.calls += 1

    def _took(self, method: str, arguments: tuple[Any, ...]) -> None:
        if method == "trial":
            (record,) = arguments
            before = self.taken.get(record.search, Taken())
            self.taken[record.search] = Taken(record.trial.number, before.stages)
        elif method == "stage":
            before = self.taken.get(arguments[0], Taken())
            self.taken[arguments[0]] = Taken(before.number, before.stages + 1)


class Sinks:
    """Passes a run's events to its sinks.

    `warn` shows a warning, `calls` notes the sinks' calls, `patience` is in seconds.
    """

    def __init__(
        self,
        sinks: Iterable[RunSink],
        warn: Warn,
        calls: Calls | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        calls = Calls() if calls is None else calls
        self._threads = [SinkThread(one, calls) for one in sinks]
        self._warn = warn
        self._patience = patience
        self._failed = set[SinkThread]()
        self._slow = set[SinkThread]()
        self._ended: dict[int, int] = {}
        self._confirmed: dict[SinkThread, Mapping[int, Taken]] = {}
        self._begun = self._held = 0.0
        self._since: float | None = None

    def wakes(self, wake: Callable[[], None]) -> None:
        """Let `wake` be called, from any thread, if the loop should look."""
        for thread in self._threads:
            thread.wake = wake

    def observe(self, event: RunEvent) -> None:
        """Pass an event on, if sinks get it; the end of a run is `finish`."""
        if not self._threads:
            return
        match event:
            case RunStarted(run, plan, _, resumed):
                self._start(run.name, plan, resumed=resumed)
            case TrialTold(record):
                for thread in self._threads:
                    if record.trial.number > _before(thread, record.search).number:
                        thread.put("trial", record)
            case StageEnded(search, stage, reason):
                self._ended[search] = self._ended.get(search, 0) + 1
                for thread in self._threads:
                    if self._ended[search] > _before(thread, search).stages:
                        thread.put("stage", search, stage, reason)

    def _start(self, run: str, plan: Mapping[str, Any], *, resumed: bool) -> None:
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.put("start", run, plan, resumed)
            thread.start()

    def look(self) -> None:
        """Warn of sinks that have failed."""
        for thread in self._threads:
            if thread.error is not None and thread not in self._failed:
                self._failed.add(thread)
                self._warn(f"{thread.error}; it gets no more trials, and the store has every trial")

    def behind(self) -> bool:
        """Return whether a sink is behind, so that no trial should be told now."""
        if not self._threads:
            return False
        limit = MOST_WAITING if self._since is None else MOST_WAITING // 2
        slow = [thread for thread in self._threads if thread.waiting > limit]
        if slow or self._since is not None:
            self._account(slow)
        return bool(slow)

    def _account(self, slow: Sequence[SinkThread]) -> None:
        """Count the time for which sinks hold up the run, and warn if it is long."""
        now = time.monotonic()
        self._held += 0.0 if self._since is None else now - self._since
        self._since = now if slow else None
        if self._held >= max(_HELD, _SHARE * (now - self._begun)):
            for thread in slow:
                self._slows(thread)

    def _slows(self, thread: SinkThread) -> None:
        if thread not in self._slow:
            self._slow.add(thread)
            self._warn(f"{thread.sink.label} slows the run down: {_calls(thread.waiting)} for it")

    def taken(self) -> Iterator[tuple[RunSink, Mapping[int, Taken]]]:
        """Yield how far sinks have taken each search, if that has changed; only `only_new` ones."""
        for thread in self._threads:
            if thread.sink.only_new:
                now = dict(thread.taken)
                if now != self._confirmed.get(thread, thread.sink.taken):
                    self._confirmed[thread] = now
                    yield thread.sink, now

    def finish(self, state: str) -> None:
        """Tell the sinks how the run ended, and return when they have made every call."""
        started = [thread for thread in self._threads if thread.is_alive()]
        for thread in started:
            thread.put("finish", state)
            thread.end()
        for thread in started:
            self._join(thread)
        self.look()

    def _join(self, thread: SinkThread) -> None:
        """Wait until a thread has made every call; give up if one of them takes too long."""
        begun = since = time.monotonic()
        calls = thread.calls
        while thread.is_alive():
            thread.join(_STEP)
            now = time.monotonic()
            if thread.calls != calls:
                calls, since = thread.calls, now
            if now - since > self._patience:
                self._warn(
                    f"{thread.sink.label} did not finish within {self._patience:g} s and is left "
                    "behind; the store has every trial"
                )
                return
            if now - begun > _HELD and thread.waiting:
                self._slows(thread)


def _calls(number: int) -> str:
    return "1 call waits" if number == 1 else f"{number} calls wait"


def _before(thread: SinkThread, search: int) -> Taken:
    """Return what a sink must not get again."""
    sink = thread.sink
    return sink.taken.get(search, Taken()) if sink.only_new else Taken()
