"""The ranking of trials: total, and the same in Python and in SQL."""

from __future__ import annotations

from typing import Final, Protocol

RankKey = tuple[int, float, int, int]

#: The order of `merit` in SQL, for rows with `fitness`, `violation` and `direction`.
RANKED: Final = (
    "CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END, "
    "CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END"
)


class Ranked(Protocol):
    """What ranking looks at in a trial's score."""

    @property
    def objective(self) -> float | None:
        """Return the fitness turned so that higher is better, None where there is none."""
        ...

    @property
    def violation(self) -> float:
        """Return how far it is from holding every constraint, 0 where it does."""
        ...


def merit(objective: float | None, violation: float) -> tuple[int, float]:
    """Return what orders trials, the best first.

    First the feasible ones by objective, then those that violate something by how much (with a
    fitness or without), then the rest.
    """
    if violation > 0:
        return (1, violation)
    return (2, 0.0) if objective is None else (0, -objective)


def rank_key(score: Ranked, search: int, number: int) -> RankKey:
    """Return what sorts trials from best to worst; ties go by search, then by trial number."""
    return (*merit(score.objective, score.violation), search, number)
