"""Decides when the search ends: counts children, and those since the last gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leanopt_ga_deap import GeneticOptions
    from leanopt_ga_deap._population import Standing


class Progress:
    """Counts trials after the first `initial` ones as children, in generations of a fixed size."""

    def __init__(self, options: GeneticOptions, initial: int) -> None:
        self._generations = options.n_generations
        self._patience = options.early_stopping_generations * options.batch_size
        self._delta = options.early_stopping_min_delta
        self._batch = options.batch_size
        self._initial = initial
        self._most = initial + options.n_generations * options.batch_size
        self._asked = self.told = self._idle = 0
        self._mark: tuple[float, float] | None = None

    @property
    def breeding(self) -> bool:
        """Return whether all initial trials have ended."""
        return self.told >= self._initial

    @property
    def generation(self) -> int:
        """Return the generation of the next child, from 1."""
        return max(0, self._asked - self._initial) // self._batch + 1

    def ask(self) -> None:
        """Count a proposal."""
        self._asked += 1

    def tell(self, fitness: Standing) -> None:
        """Count a result; small gains add up, since they are measured from the last gain."""
        self.told += 1
        self._idle += self.told > self._initial
        if self._gains(*fitness.wvalues):
            self._mark, self._idle = fitness.wvalues, 0

    def _gains(self, kind: float, value: float) -> bool:
        """Return whether it is a gain: any of violation, the minimum delta of objective."""
        if self._mark is None or kind != self._mark[0]:
            return self._mark is None or kind > self._mark[0]
        delta = value - self._mark[1]
        return delta > 0 and (kind < 2 or delta >= self._delta)  # noqa: PLR2004 - feasible

    def end(self) -> str | None:
        """Return why the search ends, None if it continues."""
        if self._asked >= self._most:
            return f"{self._generations} generations"
        if self._patience and self._idle >= self._patience:
            return f"no gain in {self._idle} children"
        return None
