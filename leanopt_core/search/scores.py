"""Notices early that no trial gets a fitness, as where a statistic's name is misspelt."""

from __future__ import annotations

from leanopt_core.trial import Score

#: So many completed trials without a fitness, and none with one, are worth a warning.
ENOUGH = 16


class ScoreCheck:
    """Watches scores until one has a fitness, or enough have none."""

    def __init__(self) -> None:
        self._without = 0
        self._open = True

    def saw(self, score: Score) -> str | None:
        """Take a told trial's score; return a warning, once, where nothing gets a fitness."""
        if not self._open or score.failure is not None:
            return None
        self._without += 1
        if score.objective is not None or self._without == ENOUGH:
            self._open = False
        if self._open or score.objective is not None:
            return None
        reason = f": {score.reasons[0]}" if score.reasons else ""
        return f"none of the first {ENOUGH} completed trials has a fitness{reason}"
