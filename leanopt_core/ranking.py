"""The ranking of trials: a total order, the same in Python and in SQL."""

from __future__ import annotations

from typing import Final, Protocol

RankKey = tuple[int, float, int, int]

#: The order of `merit` in SQL, for rows with `fitness`, `violation` and `direction`.
RANKED: Final = (
    "CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END, "
    "CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END"
)


class Ranked(Protocol):
    """The values of a trial's score that ranking uses."""

    @property
    def objective(self) -> float | None:
        """Return the fitness with its sign changed if lower is better; None without a fitness."""
        ...

    @property
    def violation(self) -> float:
        """Return the distance from satisfying all constraints, 0 if they hold."""
        ...


def merit(objective: float | None, violation: float) -> tuple[int, float]:
    """Return the sort key of trials, the best first.

    Feasible trials come first, by objective; then those with a violation, by its size (with or
    without a fitness); then the rest.
    """
    if violation > 0:
        return (1, violation)
    return (2, 0.0) if objective is None else (0, -objective)


def rank_key(score: Ranked, search: int, number: int) -> RankKey:
    """Return the sort key from best to worst; ties go by search, then by trial number."""
    return (*merit(score.objective, score.violation), search, number)
