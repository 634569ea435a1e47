"""Plain output of a run: one line at a sane rate, and warnings at once."""

from __future__ import annotations

import time
from collections import Counter

import click

from leanopt_core.sinks.base import TrialRecord
from leanopt_core.work import Outcome

#: Seconds between two lines.
_EVERY = 5.0


class PlainScreen:
    """Prints to standard error, so that standard output is free for the result."""

    def __init__(self) -> None:
        self._told = 0
        self._backtests = 0
        self._cached = 0
        self._failures: Counter[str] = Counter()
        self._best: TrialRecord | None = None
        self._stage = ""
        self._started = time.monotonic()
        self._next = self._started + _EVERY

    def warning(self, message: str) -> None:
        """Print a warning."""
        click.echo(f"warning: {message}", err=True)

    def stage_started(self, search: int, stage: str) -> None:  # noqa: ARG002 - one search so far
        """Print that a stage begins."""
        self._stage = stage
        click.echo(f"stage {stage} begins", err=True)

    def stage_ended(self, search: int, stage: str, reason: str) -> None:  # noqa: ARG002
        """Print that a stage has ended, and why."""
        click.echo(f"stage {stage} ended: {reason}; {self._line()}", err=True)

    def told(self, record: TrialRecord) -> None:
        """Count a told trial and remember the best."""
        self._told += 1
        score = record.trial.score
        if score.failure:
            self._failures[score.failure] += 1
        best = None if self._best is None else self._best.trial.score.objective
        value = score.objective if score.feasible else None
        if value is not None and (best is None or value > best):
            self._best = record

    def backtested(self, outcome: Outcome, seconds: float) -> None:  # noqa: ARG002 - counted only
        """Count a backtest."""
        self._backtests += 1

    def cached(self) -> None:
        """Count a backtest that the store answered."""
        self._cached += 1

    def tick(self) -> None:
        """Print a line where the last one is old enough."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            click.echo(self._line(), err=True)

    def patience(self) -> float:
        """Return the seconds until the next line is due."""
        return max(0.0, self._next - time.monotonic())

    def _line(self) -> str:
        seconds = max(time.monotonic() - self._started, 1e-9)
        parts = [
            f"{self._told} trials",
            f"{self._backtests} backtests ({self._backtests / seconds:.1f}/s)",
        ]
        if self._cached:
            parts.append(f"{self._cached} from the store")
        parts += [f"{count} {category}" for category, count in sorted(self._failures.items())]
        if self._best is not None:
            fitness = self._best.trial.score.fitness
            parts.append(f"best {fitness:.6g} (trial {self._best.trial.number})")
        return ", ".join(parts)
