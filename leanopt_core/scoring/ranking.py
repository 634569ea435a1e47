"""The ranking of trials: total, and the same wherever trials are ordered."""

from __future__ import annotations

from typing import Protocol

RankKey = tuple[int, float, int, int]


class Ranked(Protocol):
    """What ranking looks at: a trial's score, or its entry in the history."""

    @property
    def objective(self) -> float | None:
        """Return the fitness turned so that higher is better, None where there is none."""
        ...

    @property
    def violation(self) -> float:
        """Return how far it is from holding every constraint, 0 where it does."""
        ...


def rank_key(score: Ranked, search: int, number: int) -> RankKey:
    """Return what sorts trials from best to worst.

    First the feasible ones by objective, then those that violate something by how much (with a
    fitness or without), then the rest; ties by the search's number and the trial's.
    """
    if score.violation > 0:
        return (1, score.violation, search, number)
    if score.objective is not None:
        return (0, -score.objective, search, number)
    return (2, 0.0, search, number)
