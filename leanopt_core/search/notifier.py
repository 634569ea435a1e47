"""Pass the events of a run to sinks, observer hooks and the screen; none can break the run."""

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
    ) -> None:
        self._screen = screen
        self._sinks = _Sinks(sinks, self.warn)
        self._hooks = _Hooks(run, registry, self.warn)
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
    """One sink; compared by identity, since two sinks may have the same name."""

    name: str
    sink: Sink


class _Sinks:
    """Calls the sinks of a run; one that fails is closed and dropped."""

    def __init__(self, sinks: Sequence[tuple[str, Sink]], warn: Warn) -> None:
        self._left = [_Sink(name, sink) for name, sink in sinks]
        self._warn = warn

    def observe(self, event: RunEvent) -> None:
        """Call the sinks' method for an event, if there is one."""
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
        # A copy, since a sink that fails is removed during the loop.
        for one in list(self._left):
            try:
                tell(one.sink)
            # `sys.exit` in a plugin must not end the run.
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign sink
                self._left.remove(one)
                self._warn(_failed(one, error))
                # Closing may still write what it has; a second error is not worth reporting.
                with suppress(Exception, SystemExit):
                    one.sink.close()


def _failed(one: _Sink, error: BaseException) -> str:
    return (
        f"sink {one.name} failed and gets no more trials: {type(error).__name__}: {error}; "
        "the store has every trial"
    )


class _Hooks:
    """Calls the observer hooks of every plugin; a plugin that fails is not called again."""

    def __init__(self, run: str, registry: Registry, warn: Warn) -> None:
        self._run = run
        self._registry = registry
        self._warn = warn
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
            try:
                answers.append(
                    implementation.function(*(known[name] for name in implementation.argnames))
                )
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign observer
                self._muted.add(plugin)
                distribution = plugin.partition(":")[0]
                self._warn(
                    f"plugin {distribution} failed in {hook} and is not called again: "
                    f"{type(error).__name__}: {error}"
                )
        return answers
