"""Whoever watches a run: sinks, observer hooks and the screen. None of them can spoil it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, frozen

from leanopt_core.plugins import Registry
from leanopt_core.search.events import (
    RunEnded,
    RunEvent,
    RunStarted,
    Screen,
    StageEnded,
    TrialTold,
    Warned,
)
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.unread import ReadCheck, ScoreCheck
from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.work import Outcome

Warn = Callable[[str], None]


@frozen
class Checks:
    """What told trials say of how the strategy reads its parameters."""

    reads: ReadCheck
    types: TypeCheck
    alike: AlikeCheck


class Notifier:
    """Passes events on; what a sink or an observer raises becomes a warning, and it is dropped."""

    def __init__(
        self,
        run: str,
        registry: Registry,
        screen: Screen,
        sinks: Sequence[tuple[str, Sink]],
        checks: Checks,
    ) -> None:
        self._screen = screen
        self._sinks = _Sinks(sinks, self.warn)
        self._hooks = _Hooks(run, registry, self.warn)
        self._checks = checks
        self._scores = ScoreCheck()

    def observe(self, event: RunEvent) -> None:
        """Pass an event on to sinks, screen and observer hooks."""
        self._sinks.observe(event)
        self._screen.observe(event)
        self._hooks.observe(event)

    def warn(self, message: str) -> None:
        """Pass a warning on."""
        self._screen.observe(Warned(message))

    def told(self, event: TrialTold, outcomes: Mapping[str, Outcome]) -> str | None:
        """Pass on a told trial; return why an observer wants the search to end, else None.

        Raises StrategyError where a parameter turns out to be one that nobody reads, or that is
        read as a type that its values do not fit.
        """
        self._checks.types.saw(outcomes.values())
        self._checks.reads.saw(outcomes.values())
        self.observe(event)
        record = event.record
        for warning in (
            self._scores.saw(record.trial.score),
            self._checks.alike.saw(record, outcomes),
        ):
            if warning:
                self.warn(warning)
        return None if event.replayed else self._hooks.should_stop(record)

    def judge(self) -> None:
        """Judge how parameters were read, at the end of a run; raises StrategyError as `told`."""
        self._checks.reads.judge()
        if warning := self._checks.alike.judge():
            self.warn(warning)

    def tick(self) -> None:
        """Let the screen redraw."""
        self._screen.tick()

    def patience(self) -> float | None:
        """Return how long the loop may wait before the next `tick`, in seconds."""
        return self._screen.patience()


@define(eq=False)
class _Sink:
    """One sink as it is told; two of the same name are two."""

    name: str
    sink: Sink


class _Sinks:
    """Tells the sinks of a run; one that fails is closed and dropped."""

    def __init__(self, sinks: Sequence[tuple[str, Sink]], warn: Warn) -> None:
        self._left = [_Sink(name, sink) for name, sink in sinks]
        self._warn = warn

    def observe(self, event: RunEvent) -> None:
        """Tell the sinks of what they have a method for."""
        match event:
            case RunStarted(run, plan):
                self._each(lambda sink: sink.start(run.name, plan))
            case TrialTold(record):
                self._each(lambda sink: sink.trial(record))
            case RunEnded():
                self._close()

    def _close(self) -> None:
        left, self._left = self._left, []
        for one in left:
            try:
                one.sink.close()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign sink
                self._warn(_failed(one, error))

    def _each(self, tell: Callable[[Sink], None]) -> None:
        for one in list(self._left):
            try:
                tell(one.sink)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign sink
                self._left.remove(one)
                self._warn(_failed(one, error))
                # What it had taken may still be written; that it may fail again is no news.
                with suppress(Exception, SystemExit):
                    one.sink.close()


def _failed(one: _Sink, error: BaseException) -> str:
    return (
        f"sink {one.name} failed and is not told any more: {type(error).__name__}: {error}; "
        "the store has every trial"
    )


class _Hooks:
    """Calls the observer hooks of every plugin; one that fails is not called any more."""

    def __init__(self, run: str, registry: Registry, warn: Warn) -> None:
        self._run = run
        self._registry = registry
        self._warn = warn
        self._muted: set[str] = set()

    def observe(self, event: RunEvent) -> None:
        """Call the hook that an event has; what is replayed was told before."""
        match event:
            case RunStarted(_, plan, _, resumed):
                self._call("leanopt_run_started", plan=plan, resumed=resumed)
            case StageEnded(search, stage, reason):
                self._call("leanopt_stage_finished", search=search, stage=stage, reason=reason)
            case TrialTold(record, replayed) if not replayed:
                self._call("leanopt_trial_told", record=record)
            case RunEnded(state):
                self._call("leanopt_run_finished", state=state)

    def should_stop(self, record: TrialRecord) -> str | None:
        """Return why an observer wants the search to end after a trial, else None."""
        reasons = self._call("leanopt_should_stop", record=record)
        return next((str(reason) for reason in reasons if reason), None)

    def _call(self, hook: str, **news: Any) -> list[object]:
        """Return what the plugins answered."""
        answers = []
        for implementation in self._registry.observers(hook):
            plugin = implementation.plugin_name
            if plugin in self._muted:
                continue
            known = {"run": self._run, **news}
            try:
                answers.append(
                    implementation.function(*(known[name] for name in implementation.argnames))
                )
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign observer
                self._muted.add(plugin)
                distribution = plugin.partition(":")[0]
                self._warn(
                    f"plugin {distribution} failed in {hook} and is not called any more: "
                    f"{type(error).__name__}: {error}"
                )
        return answers
