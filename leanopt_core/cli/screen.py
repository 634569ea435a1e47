"""Screens of a run: what all gather, the plain one, and several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ClassVar, Self

import click

from leanopt_core.cli.output import plain
from leanopt_core.cli.progress import Best, Progress, View, joined
from leanopt_core.report.figures import main_figures, number, percent, values_shown
from leanopt_core.search.audience import Screen
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.store.records import StoredRun
from leanopt_core.work import Outcome

Clock = Callable[[], float]


class ProgressScreen:
    """Gathers news and shows it now and then; a context manager around the run.

    A subclass says `EVERY` how many seconds, and shows a view.
    """

    EVERY: ClassVar[float]

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.progress = Progress(clock())
        self._next = clock() + self.EVERY

    def show(self, view: View) -> None:
        """Show how the run stands now."""
        raise NotImplementedError

    def preparing(self, message: str) -> None:
        """Show what is done before the run begins."""
        self.progress.now = message
        self.show(self.progress.view(self._clock()))

    def started(self, run: StoredRun, workers: int) -> None:
        """Learn which run it is."""
        self.progress.started(run, workers)

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self.progress.warnings.append(message)

    def stage_started(self, search: int, stage: str) -> None:  # noqa: ARG002 - all searches as one
        """Note that a stage begins."""
        self.progress.stage_started(stage)

    def stage_ended(self, search: int, stage: str, reason: str) -> None:  # noqa: ARG002
        """Note that a stage has ended, and why."""
        self.progress.stage_ended(stage, reason)

    def told(self, record: TrialRecord) -> None:
        """Count a told trial and keep the best."""
        trial, score = record.trial, record.trial.score
        objective = score.objective if score.feasible else None
        if self.progress.trial(trial.stage, objective, score.failure):
            shown = values_shown(self.progress.shown(record.parameters))
            first = next(iter(record.statistics.values()), None)
            fitness = score.fitness or 0.0
            self.progress.keep(Best(trial.number, fitness, shown, main_figures(first)))
        self.progress.curve()

    def backtested(self, outcome: Outcome, seconds: float) -> None:  # noqa: ARG002 - counted only
        """Count a backtest."""
        self.progress.backtested(self._clock(), seconds)

    def cached(self) -> None:
        """Count a backtest that the store answered."""
        self.progress.cached += 1

    def tick(self) -> None:
        """Show the view where the last one is old enough."""
        now = self._clock()
        if now >= self._next:
            self._next = now + self.EVERY
            self.show(self.progress.view(now))

    def patience(self) -> float | None:
        """Return the seconds until the next view is due."""
        return max(0.0, self._next - self._clock())

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
    """One line every five seconds on standard error, and warnings at once."""

    EVERY = 5.0

    def show(self, view: View) -> None:
        """Print a line."""
        click.echo(plain(line(view)), err=True)

    def preparing(self, message: str) -> None:
        """Print what is done before the run begins."""
        click.echo(plain(message), err=True)

    def warning(self, message: str) -> None:
        """Print a warning."""
        click.echo(f"warning: {plain(message)}", err=True)

    def stage_started(self, search: int, stage: str) -> None:
        """Print that a stage begins."""
        super().stage_started(search, stage)
        click.echo(plain(f"stage {stage} begins"), err=True)

    def stage_ended(self, search: int, stage: str, reason: str) -> None:
        """Print that a stage has ended, and why."""
        super().stage_ended(search, stage, reason)
        view = self.progress.view(self._clock())
        click.echo(plain(f"stage {stage} ended: {reason}; {line(view)}"), err=True)


class Screens:
    """Several screens of one run, told the same."""

    def __init__(self, screens: Sequence[Screen]) -> None:
        self._screens = tuple(screens)

    def preparing(self, message: str) -> None:
        """Pass on what is done before the run begins."""
        for screen in self._screens:
            screen.preparing(message)

    def warning(self, message: str) -> None:
        """Pass a warning on."""
        for screen in self._screens:
            screen.warning(message)

    def started(self, run: StoredRun, workers: int) -> None:
        """Pass on which run it is."""
        for screen in self._screens:
            screen.started(run, workers)

    def stage_started(self, search: int, stage: str) -> None:
        """Pass on that a stage begins."""
        for screen in self._screens:
            screen.stage_started(search, stage)

    def stage_ended(self, search: int, stage: str, reason: str) -> None:
        """Pass on that a stage has ended."""
        for screen in self._screens:
            screen.stage_ended(search, stage, reason)

    def told(self, record: TrialRecord) -> None:
        """Pass on a told trial."""
        for screen in self._screens:
            screen.told(record)

    def backtested(self, outcome: Outcome, seconds: float) -> None:
        """Pass on a backtest that was run just now."""
        for screen in self._screens:
            screen.backtested(outcome, seconds)

    def cached(self) -> None:
        """Pass on that the store answered a backtest."""
        for screen in self._screens:
            screen.cached()

    def tick(self) -> None:
        """Let each redraw."""
        for screen in self._screens:
            screen.tick()

    def patience(self) -> float | None:
        """Return the shortest patience, None where none wants to be called."""
        return min((one for s in self._screens if (one := s.patience()) is not None), default=None)


def line(view: View) -> str:
    """Return how a run stands in one line."""
    rate = "" if view.rate is None else f" ({view.rate:.1f}/s)"
    parts = [f"{view.told:,} trials{rate}", f"{view.backtests:,} backtests"]
    if view.cached:
        parts.append(f"{view.cached:,} from the store")
    if view.busy is not None:
        parts.append(f"workers {percent(view.busy)} busy")
    if view.failures:
        parts.append(joined(view.failures))
    if view.best is not None:
        parts.append(f"best {number(view.best.fitness)} (trial {view.best.trial})")
    return ", ".join(parts)
