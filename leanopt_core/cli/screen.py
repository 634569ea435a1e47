"""Screens of a run: their common base, the plain one, and several together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ClassVar, Final, Self

import click

from leanopt_core.cli.leaders import Best
from leanopt_core.cli.output import first_line, plain
from leanopt_core.cli.progress import Progress, View, joined
from leanopt_core.cli.rows import phases
from leanopt_core.report.figures import counted, duration, number, percent, values_shown
from leanopt_core.search.events import (
    Ahead,
    BacktestCached,
    BacktestEnded,
    Noted,
    Preparing,
    RunEvent,
    RunStarted,
    Screen,
    SearchEnded,
    StageEnded,
    StageStarted,
    TrialTested,
    TrialTold,
    Warned,
)
from leanopt_core.sinks.base import TrialRecord

Clock = Callable[[], float]

#: The most characters of a failure's message in a line of progress.
_MESSAGE: Final = 120


class ProgressScreen:
    """Collect events and show the progress regularly; a context manager around the run.

    A subclass sets `EVERY`, the seconds between two views, and implements `show`.
    """

    EVERY: ClassVar[float]

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.progress = Progress(clock())
        self._next = clock() + self.EVERY

    def show(self, view: View) -> None:
        """Show the current view."""
        raise NotImplementedError

    def observe(self, event: RunEvent) -> None:
        """Collect an event; show preparation at once, since nothing ticks before the run."""
        progress = self.progress
        # Each class takes time to compare with: the events of every trial come first.
        match event:
            case TrialTold(record, replayed):
                self._told(record, replayed=replayed)
            case BacktestEnded(_, seconds, worker):
                progress.backtests += 1
                progress.backtested(self._clock(), seconds, worker)
            case BacktestCached():
                progress.hit()
            case Ahead(outcomes):
                progress.ahead = outcomes
            case StageStarted() | StageEnded() | TrialTested() | SearchEnded():
                self._moved(event)
            case Preparing(message):
                progress.now = message
                self.show(progress.view(self._clock()))
            case RunStarted(run, _, workers):
                progress.started(run, workers)
            case Warned(message):
                progress.warnings.append(message)
            case Noted(message):
                progress.notes.append(message)

    def _moved(self, event: StageStarted | StageEnded | TrialTested | SearchEnded) -> None:
        """Note how far a search is."""
        now = self._clock()
        match event:
            case StageStarted(search, stage):
                self.progress.stage_started(search, stage, now)
            case StageEnded(search, stage, reason):
                self.progress.stage_ended(search, stage, reason, now)
            case TrialTested(search, _, tests, _, objective, score):
                self.progress.tested(search, objective, dict.fromkeys(tests, score.fitness))
            case SearchEnded(search):
                self.progress.search_ended(search)

    def _told(self, record: TrialRecord, *, replayed: bool) -> None:
        """Count a finished trial and keep the best."""
        trial, score = record.trial, record.trial.score
        objective = score.objective if score.feasible and score.complete else None
        one_of_the_best = self.progress.trial(
            record.search,
            trial.stage,
            objective,
            backtests=len(record.statistics),
            saved=self.progress.lacks(record.search, record.statistics),
            failure=score.failure,
            message=next(iter(score.reasons), "") if score.failure else "",
            earlier=replayed,
        )
        if one_of_the_best and objective is not None:
            shown = values_shown(self.progress.shown(record.parameters, trial.point))
            fitness, figures = score.fitness or 0.0, self.progress.figures(record.statistics)
            best = Best(trial.number, fitness, shown, figures, record.search)
            self.progress.keep(best, objective, None if replayed else self._clock())
        self.progress.curve()

    def tick(self) -> None:
        """Show the view if it is due."""
        now = self._clock()
        if now >= self._next:
            self._next = now + self.EVERY
            self.show(self.progress.view(now))

    def patience(self) -> float | None:
        """Return the seconds until the next view is due."""
        return max(0.0, self._next - self._clock())

    def leave(self) -> None:
        """Give back the terminal from another thread, as the process is ended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show no more."""


class PlainScreen(ProgressScreen):
    """Print a line every five seconds to standard error, and each warning at once."""

    EVERY = 5.0

    def show(self, view: View) -> None:
        """Print a line."""
        click.echo(plain(line(view)), err=True)

    def observe(self, event: RunEvent) -> None:
        """Collect an event; print those that must not wait for the next line."""
        match event:
            case TrialTold() | BacktestEnded() | BacktestCached() | Ahead():
                super().observe(event)
                return
            case Preparing(message) | Noted(message):
                click.echo(plain(message), err=True)
                return
            case Warned(message):
                click.echo(f"warning: {plain(message)}", err=True)
                return
        super().observe(event)
        match event:
            case SearchEnded(search) if self.progress.several:
                click.echo(plain(self.progress.row(search)), err=True)
            case StageStarted(_, stage) if not self.progress.several:
                click.echo(plain(f"stage {stage} begins"), err=True)
            case StageEnded(_, stage, reason) if not self.progress.several:
                view = self.progress.view(self._clock())
                click.echo(plain(f"stage {stage} ended: {reason}; {line(view)}"), err=True)


class Screens:
    """Several screens of one run."""

    def __init__(self, screens: Sequence[Screen]) -> None:
        self._screens = tuple(screens)

    def observe(self, event: RunEvent) -> None:
        """Pass an event to every screen."""
        for screen in self._screens:
            screen.observe(event)

    def tick(self) -> None:
        """Let every screen redraw."""
        for screen in self._screens:
            screen.tick()

    def patience(self) -> float | None:
        """Return the seconds until the first screen is due, None if no screen redraws."""
        return min((one for s in self._screens if (one := s.patience()) is not None), default=None)


def time_left(seconds: float, *, at_most: bool = False) -> str:
    """Return the time left in words, such as `3:07 left` or `at most 3:07 left`."""
    return f"{'at most ' if at_most else ''}{duration(seconds)} left"


def line(view: View) -> str:
    """Return a run's progress in one line."""
    rate = "" if view.rate is None else f" ({view.rate:.1f}/s)"
    parts = [f"{counted(view.told, 'trial')}{rate}", counted(view.backtests, "backtest")]
    if view.searches:
        parts.insert(0, f"searches {phases(view.searches)}")
    if view.cached:
        parts.append(f"{view.cached:,} from the cache")
    if view.saved:
        parts.append(f"{view.saved:,} saved")
    if view.busy is not None:
        parts.append(f"workers {percent(view.busy)} busy")
    if view.failures:
        last = f" (last: {first_line(view.failure, _MESSAGE)})" if view.failure else ""
        parts.append(f"{joined(view.failures)}{last}")
    if view.best:
        parts.append(f"best {number(view.best[0].fitness)} (trial {view.best[0].trial})")
    if view.left:
        parts.append(time_left(view.left, at_most=view.at_most))
    return ", ".join(parts)
