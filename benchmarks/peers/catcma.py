"""CatCMA with margin, of the package `cmaes`, in an ask-and-tell loop with its default options.

Hamano et al., CatCMA with Margin, GECCO 2025. Numbers are its discrete variables and choices its
categories; axes of two levels are categories too, as its authors advise. It knows no constraints:
a point that counts for nothing gets a penalty.
"""

from __future__ import annotations

from collections import deque
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from peers._peer import TRIES, Restarts

if TYPE_CHECKING:
    from leanopt_core.space import Point, Space
    from leanopt_core.trial import Score

#: An axis has so many of the first standard deviations, as where it begins in the middle.
WIDTHS: Final = 10
#: Axes of no more levels are choices.
BINARY: Final = 2
#: What a point that counts for nothing costs: it minimises.
PENALTY: Final = 1000.0


def missing() -> str | None:
    """Return the name of the package that is needed and not installed, or None."""
    return None if find_spec("cmaes") else "cmaes"


class CatCmaPeer:
    """The method on the levels of a space; it begins again where its authors' test says stop."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        lengths = [len(axis) for axis in space.axes]
        self._numbers = [
            i for i, axis in enumerate(space.axes) if axis.ordered and lengths[i] > BINARY
        ]
        self._choices = [i for i in range(len(lengths)) if i not in self._numbers]
        self._restarts = Restarts(space, seed)
        self._outstanding: deque[tuple[Any, Any]] = deque()
        self._start()

    def ask(self) -> Point:
        """Return the next suggestion that keeps to the constraints between parameters."""
        while True:
            for _ in range(TRIES):
                suggestion = self._optimizer.ask()
                point = self._point(suggestion)
                broken = len(self._space.violated(point))
                if not broken:
                    self._outstanding.append((self._optimizer, suggestion))
                    return point
                self._learn(suggestion, 2 * PENALTY + broken)
            self._start(again=True)

    def tell(self, point: Point, score: Score) -> None:
        """Learn a result; those asked for before a new start teach nothing."""
        optimizer, suggestion = self._outstanding.popleft()
        self._restarts.told(point, score)
        cost = PENALTY + score.violation
        if score.objective is not None and score.feasible:
            cost = -score.objective
        if optimizer is self._optimizer:
            self._learn(suggestion, cost)

    def _start(self, *, again: bool = False) -> None:
        from cmaes import CatCMAwM

        lengths = [len(axis) for axis in self._space.axes]
        self._optimizer = CatCMAwM(
            z_space=[list(range(lengths[i])) for i in self._numbers] or None,
            c_space=[lengths[i] for i in self._choices] or None,
            seed=self._restarts.next_seed,
            **(self._begin() if again and self._numbers else {}),
        )
        self._generation: list[tuple[Any, float]] = []
        self._restarts.count += 1

    def _begin(self) -> dict[str, Any]:
        """Return where to start again: the best point, or a random one within the constraints."""
        point = self._restarts.point
        widths = np.array([(len(self._space.axes[i]) - 1) / WIDTHS for i in self._numbers])
        return {
            "mean": np.array([float(point[i]) for i in self._numbers]),
            "cov": np.diag(widths**2),
        }

    def _learn(self, suggestion: Any, cost: float) -> None:
        self._generation.append((suggestion, cost))
        if len(self._generation) == self._optimizer.population_size:
            self._optimizer.tell(self._generation)
            self._generation = []
            if self._numbers and self._optimizer.should_stop():
                self._start()

    def _point(self, suggestion: Any) -> Point:
        levels = [0] * len(self._space.axes)
        for i, level in zip(self._numbers, suggestion.z if self._numbers else (), strict=True):
            levels[i] = int(level)
        for i, chosen in zip(self._choices, suggestion.c if self._choices else (), strict=True):
            levels[i] = int(np.argmax(chosen))
        return tuple(levels)
