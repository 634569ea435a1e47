"""Pass the events of a run to its sinks and the screen, and ask whether to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from leanopt_core.plugins import Registry
from leanopt_core.search.calls import Calls
from leanopt_core.search.environment import EnvironmentCheck
from leanopt_core.search.events import RunEvent, Screen, TrialTold, Warned
from leanopt_core.search.read_types import AlikeCheck, TypeCheck
from leanopt_core.search.sinks import RunSink, Sinks
from leanopt_core.search.stop_hook import StopHook
from leanopt_core.search.unread import ReadCheck, ScoreCheck
from leanopt_core.search.unreported import UnreportedCheck
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.work import Outcome


@frozen
class Checks:
    """Checks of how the strategy reads its parameters, and of what it reports."""

    reads: ReadCheck
    types: TypeCheck
    alike: AlikeCheck
    names: UnreportedCheck


class Notifier:
    """Passes events on; a sink or a plugin's stop hook that raises is dropped, with a warning."""

    def __init__(
        self,
        run: str,
        registry: Registry,
        screen: Screen,
        sinks: Sequence[RunSink],
        checks: Checks,
        calls: Calls | None = None,
    ) -> None:
        """Take the parts of the run; `sinks` are given by label, and `calls` notes their calls."""
        calls = Calls() if calls is None else calls
        self._screen = screen
        self.sinks = Sinks(sinks, self.warn, calls)
        self._stop = StopHook(run, registry, self.warn, calls)
        self._checks = checks
        self._scores = ScoreCheck()
        # Whether the next trial can still show what the first ones show.
        self._early = True
        self._environment = EnvironmentCheck()

    def observe(self, event: RunEvent) -> None:
        """Pass an event to the sinks and the screen."""
        self.sinks.observe(event)
        self._screen.observe(event)

    def warn(self, message: str) -> None:
        """Show a warning."""
        self._screen.observe(Warned(message))

    def told(self, event: TrialTold, outcomes: Mapping[str, Outcome]) -> str | None:
        """Pass on a told trial; return why a plugin stops the search, else None.

        Raises StrategyError if the strategy never reads a parameter, or reads it as a type that
        does not fit its values.
        """
        self._checks.types.saw(outcomes.values())
        self._checks.reads.saw(outcomes.values())
        self.observe(event)
        record = event.record
        if self._early:
            self._early = self._look(record, outcomes)
        if record.trial.score.failure and (hint := self._environment.saw(outcomes.values())):
            self.warn(hint)
        return None if event.replayed else self._stop.reason(record)

    def _look(self, record: TrialRecord, outcomes: Mapping[str, Outcome]) -> bool:
        """Warn of what the first trials show; return whether later ones can show more."""
        names, scores, alike = self._checks.names, self._scores, self._checks.alike
        for warning in (
            *names.saw(outcomes.values()),
            scores.saw(record.trial.score),
            alike.saw(record, outcomes),
        ):
            if warning:
                self.warn(warning)
        return names.open or scores.open or alike.open

    def judge(self) -> None:
        """Check how parameters were read, at the end of a run; raises StrategyError as `told`."""
        self._checks.reads.judge()
        if warning := self._checks.alike.judge():
            self.warn(warning)

    def tick(self) -> None:
        """Let the screen redraw, and warn of sinks that have failed."""
        self.sinks.look()
        self._screen.tick()

    def patience(self) -> float | None:
        """Return the maximum seconds until the next `tick`, None for no limit."""
        return self._screen.patience()
