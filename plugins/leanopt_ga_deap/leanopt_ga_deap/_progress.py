"""Decides when the search ends: counts children, and how long ago the last gain was."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leanopt_ga_deap import GeneticOptions
    from leanopt_ga_deap._population import Population, Standing


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


class CloneProgress(Progress):
    """Counts as lean-optimizer does: clones are children too, and a gain is one within a window.

    A generation ends with its last child that was told or is a clone. The search ends if the best
    has not gained the minimum delta in the last `early_stopping_generations`; that is never so
    before a trial is feasible.
    """

    def __init__(self, options: GeneticOptions, initial: int, population: Population) -> None:
        super().__init__(options, initial)
        self._window = options.early_stopping_generations
        self._population = population
        self._clones = self._ended = 0
        self._bests: deque[float | None] = deque(maxlen=self._window + 1)

    @property
    def generation(self) -> int:
        """Return the generation of the next child, from 1."""
        return max(0, self._asked + self._clones - self._initial) // self._batch + 1

    def clone(self) -> None:
        """Count a child that repeats a point, which costs no trial."""
        self._clones += 1
        self._end_generations()

    def tell(self, fitness: Standing) -> None:  # noqa: ARG002 - the population has it
        """Count a result, after the population has got it."""
        self.told += 1
        self._end_generations()

    def end(self) -> str | None:
        """Return why the search ends, None if it continues."""
        if self._asked + self._clones >= self._most:
            return f"{self._generations} generations"
        if 0 < self._window < len(self._bests):
            old, new = self._bests[0], self._bests[-1]
            if old is not None and new is not None and new - old < self._delta:
                return f"no gain in {self._window} generations"
        return None

    def _end_generations(self) -> None:
        """Note the best at the end of each generation; the first population is one."""
        children = self.told + self._clones - self._initial
        while self.breeding and self._ended * self._batch <= children:
            kind, value = self._population.best.fitness.wvalues
            self._bests.append(value if kind == 2 else None)  # noqa: PLR2004 - feasible
            self._ended += 1
