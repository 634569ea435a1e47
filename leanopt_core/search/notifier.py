"""Pass the events of a run to sinks, observer hooks and the screen; none can break the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, frozen

from leanopt_core.errors import PluginError
from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.events import (
    RunEnded,
    RunEvent,
    RunStarted,
    Screen,
    StageEnded,
    TrialTold,
    Warned,
)
from leanopt_core.search.guard import Guard
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.unread import ReadCheck, ScoreCheck
from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.work import Outcome

Warn = Callable[[str], None]


@frozen
class Checks:
    """Checks of how the strategy reads its parameters."""

    reads: ReadCheck
    types: TypeCheck
    alike: AlikeCheck


class Notifier:
    """Passes events on; a sink or an observer that raises is dropped, with a warning."""

    def __init__(
        self,
        run: str,
        registry: Registry,
        screen: Screen,
        sinks: Sequence[tuple[str, Sink]],
        checks: Checks,
        calls: Calls | None = None,
    ) -> None:
        """Take the parts of the run; `sinks` are given by label, and `calls` notes their calls."""
        calls = Calls() if calls is None else calls
        self._screen = screen
        self._sinks = _Sinks(sinks, self.warn, calls)
        self._hooks = _Hooks(run, registry, self.warn, calls)
        self._checks = checks
        self._scores = ScoreCheck()

    def observe(self, event: RunEvent) -> None:
        """Pass an event to sinks, screen and observer hooks."""
        self._sinks.observe(event)
        self._screen.observe(event)
        self._hooks.observe(event)

    def warn(self, message: str) -> None:
        """Show a warning."""
        self._screen.observe(Warned(message))

    def told(self, event: TrialTold, outcomes: Mapping[str, Outcome]) -> str | None:
        """Pass on a told trial; return why an observer stops the search, else None.

        Raises StrategyError if the strategy never reads a parameter, or reads it as a type that
        does not fit its values.
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
        """Check how parameters were read, at the end of a run; raises StrategyError as `told`."""
        self._checks.reads.judge()
        if warning := self._checks.alike.judge():
            self.warn(warning)

    def tick(self) -> None:
        """Let the screen redraw."""
        self._screen.tick()

    def patience(self) -> float | None:
        """Return the maximum seconds until the next `tick`, None for no limit."""
        return self._screen.patience()


@define(eq=False)
class _Sink:
    """One sink; compared by identity, since two sinks may have the same label."""

    sink: Sink
    label: str
    guard: Guard


class _Sinks:
    """Calls the sinks of a run; one that fails is closed and dropped."""

    def __init__(self, sinks: Sequence[tuple[str, Sink]], warn: Warn, calls: Calls) -> None:
        self._left = [
            _Sink(sink, label, Guard(label, passing=(), calls=calls)) for label, sink in sinks
        ]
        self._warn = warn

    def observe(self, event: RunEvent) -> None:
        """Call the sinks' method for an event, if there is one."""
        match event:
            case RunStarted(run, plan):
                self._each("being started", lambda sink: sink.start(run.name, plan))
            case TrialTold(record):
                doing = f"given trial {record.trial.number}"
                self._each(doing, lambda sink: sink.trial(record))
            case RunEnded():
                self._close()

    def _close(self) -> None:
        left, self._left = self._left, []
        for one in left:
            try:
                one.guard.call("being closed", one.sink.close)
            except PluginError as error:
                self._warn(_failed(error))

    def _each(self, doing: str, tell: Callable[[Sink], None]) -> None:
        for one in list(self._left):
            try:
                one.guard.call(doing, tell, one.sink)
            except PluginError as error:
                self._left.remove(one)
                self._warn(_failed(error))
                # Closing may still write what it has; a second error is not worth reporting.
                with suppress(PluginError):
                    one.guard.call("being closed", one.sink.close)


def _failed(error: PluginError) -> str:
    return f"{error}; it gets no more trials, and the store has every trial"


class _Hooks:
    """Calls the observer hooks of every plugin; a plugin that fails is not called again."""

    def __init__(self, run: str, registry: Registry, warn: Warn, calls: Calls) -> None:
        self._run = run
        self._registry = registry
        self._warn = warn
        self._calls = calls
        self._muted: set[str] = set()

    def observe(self, event: RunEvent) -> None:
        """Call the hook for an event; replayed trials were observed before."""
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
        """Return why an observer stops the search after a trial, else None."""
        reasons = self._call("leanopt_should_stop", record=record)
        return next((str(reason) for reason in reasons if reason), None)

    def _call(self, hook: str, **news: Any) -> list[object]:
        """Return the plugins' answers."""
        answers = []
        for implementation in self._registry.observers(hook):
            plugin = implementation.plugin_name
            if plugin in self._muted:
                continue
            known = {"run": self._run, **news}
            label = f"plugin {plugin.partition(':')[0]}"
            guard = Guard(label, passing=(), calls=self._calls)
            given = [known[name] for name in implementation.argnames]
            try:
                answers.append(guard.call(f"called by {hook}", implementation.function, *given))
            except PluginError as error:
                self._muted.add(plugin)
                self._warn(f"{error}; it is not called again")
        return answers
