"""Whoever watches a run: sinks, observer hooks and the screen. None of them can spoil it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen

from leanopt_core.plugins import Registry
from leanopt_core.search.alike import AlikeCheck
from leanopt_core.search.outlets import Outlets
from leanopt_core.search.read_types import TypeCheck
from leanopt_core.search.reading import ReadCheck
from leanopt_core.search.scores import ScoreCheck
from leanopt_core.sinks.base import Sink, TrialRecord
from leanopt_core.store.records import StoredRun
from leanopt_core.work import Outcome


class Screen(Protocol):
    """What shows a run to a person; called on the main thread."""

    def preparing(self, message: str) -> None:
        """Show at once what is done before the run begins, as a build."""
        ...

    def started(self, run: StoredRun, workers: int) -> None:
        """Learn which run is at work, and with how many workers, before anything of it."""
        ...

    def warning(self, message: str) -> None:
        """Show a warning at once."""
        ...

    def stage_started(self, search: int, stage: str) -> None:
        """Learn that a stage begins."""
        ...

    def stage_ended(self, search: int, stage: str, reason: str) -> None:
        """Learn that a stage has ended."""
        ...

    def told(self, record: TrialRecord) -> None:
        """Learn of a told trial."""
        ...

    def backtested(self, outcome: Outcome, seconds: float) -> None:
        """Learn of a backtest that was run just now."""
        ...

    def cached(self) -> None:
        """Learn of a backtest that the store answered."""
        ...

    def tick(self) -> None:
        """Redraw, where it is time to."""
        ...

    def patience(self) -> float | None:
        """Return after how many seconds `tick` wants to be called at the latest."""
        ...


@frozen
class Checks:
    """What told trials say of how the strategy reads its parameters."""

    reads: ReadCheck
    types: TypeCheck
    alike: AlikeCheck


class Audience:
    """Passes news on; what a sink or an observer raises becomes one warning, and it is dropped."""

    def __init__(
        self,
        run: str,
        registry: Registry,
        screen: Screen,
        sinks: Sequence[tuple[str, Sink]],
        checks: Checks,
    ) -> None:
        self._run = run
        self._registry = registry
        self._screen = screen
        self._sinks = Outlets(sinks, screen.warning)
        self._checks = checks
        self._scores = ScoreCheck()
        self._muted: set[str] = set()

    def started(self, plan: Mapping[str, Any], *, resumed: bool) -> None:
        """Begin: tell sinks and observers of the run."""
        self._sinks.start(self._run, plan)
        self._notify("leanopt_run_started", plan=plan, resumed=resumed)

    def ended(self, state: str) -> None:
        """Finish: close the sinks and tell the observers how the run ended."""
        self._sinks.close()
        self._notify("leanopt_run_finished", state=state)

    def warning(self, message: str) -> None:
        """Show a warning."""
        self._screen.warning(message)

    def stage_started(self, search: int, stage: str) -> None:
        """Pass on that a stage begins."""
        self._screen.stage_started(search + 1, stage)

    def stage_ended(self, search: int, stage: str, reason: str) -> None:
        """Pass on that a stage has ended."""
        self._screen.stage_ended(search + 1, stage, reason)
        self._notify("leanopt_stage_finished", search=search + 1, stage=stage, reason=reason)

    def told(
        self, record: TrialRecord, outcomes: Mapping[str, Outcome], *, replayed: bool
    ) -> str | None:
        """Pass on a told trial; return why an observer wants the search to end, else None.

        Raises StrategyError where a parameter turns out to be one that nobody reads, or that is
        read as a type that its values do not fit.
        """
        self._checks.types.saw(outcomes.values())
        self._checks.reads.saw(outcomes.values())
        self._sinks.trial(record)
        self._screen.told(record)
        for warning in (
            self._scores.saw(record.trial.score),
            self._checks.alike.saw(record, outcomes),
        ):
            if warning:
                self._screen.warning(warning)
        if replayed:
            return None
        self._notify("leanopt_trial_told", record=record)
        reasons = self._notify("leanopt_should_stop", record=record)
        return next((str(reason) for reason in reasons if reason), None)

    def judge(self) -> None:
        """Judge how parameters were read, at the end of a run; raises StrategyError as `told`."""
        self._checks.reads.judge()
        if warning := self._checks.alike.judge():
            self._screen.warning(warning)

    def backtested(self, outcome: Outcome, seconds: float) -> None:
        """Pass on a backtest that was run just now."""
        self._screen.backtested(outcome, seconds)

    def cached(self) -> None:
        """Pass on that the store answered a backtest."""
        self._screen.cached()

    def tick(self) -> None:
        """Let the screen redraw."""
        self._screen.tick()

    def patience(self) -> float | None:
        """Return how long the loop may wait before the next `tick`, in seconds."""
        return self._screen.patience()

    def _notify(self, hook: str, **news: object) -> list[object]:
        """Call an observer hook of every plugin and return what they answered."""
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
                self._screen.warning(
                    f"plugin {distribution} failed in {hook} and is not called any more: "
                    f"{type(error).__name__}: {error}"
                )
        return answers
