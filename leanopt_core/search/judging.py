"""Score the trials of a run, once it is sure that their backtests have what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leanopt_core.errors import StrategyError
from leanopt_core.fitness import FitnessContext
from leanopt_core.scoring import Scorer, SeveralScorer
from leanopt_core.trial import Score
from leanopt_core.work import Outcome

_WORDS: Final = {
    "returns": "daily returns, and the backtest has no equity curve",
    "equity": "the equity curve, and the backtest has none",
    "trades": "the closed trades, and the backtest reports none",
}


class Judge:
    """Scores the trials of a run; the first that completes must have what the function needs.

    An engine or a harness need not report an equity curve or trades, and only an answer shows
    whether it does. Later backtests may lack them: the function then says why there is no value.
    """

    def __init__(self, scorer: Scorer | SeveralScorer, engine: str, *, resumed: bool) -> None:
        self._scorer = scorer
        self._engine = engine
        self._resumed = resumed
        self._missing = set(scorer.needs)

    @property
    def contextual(self) -> bool:
        """Return whether the fitness function looks at the context."""
        return self._scorer.contextual

    def __call__(self, outcomes: Mapping[str, Outcome], context: FitnessContext) -> Score:
        """Return a trial's score; raises StrategyError if the first complete one lacks a need."""
        if self._missing:
            self._look(outcomes)
        return self._scorer(outcomes, context)

    def _look(self, outcomes: Mapping[str, Outcome]) -> None:
        if any(one.failure is not None or one.statistics is None for one in outcomes.values()):
            return
        for outcome in outcomes.values():
            self._missing -= {need for need in self._missing if getattr(outcome, need) is not None}
        if self._missing:
            need = min(self._missing)
            why = f"neither this strategy nor {self._engine} reports it; return it, or"
            if self._resumed:
                why = "this run stored its backtests without it; start a new run, or"
            raise StrategyError(
                f"{self._scorer.label} needs {_WORDS[need]}: {why} choose another fitness function"
            )
