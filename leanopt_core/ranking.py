"""The ranking of trials: a total order, the same in Python and in SQL."""

from __future__ import annotations

from typing import Final, Protocol

RankKey = tuple[int, float, int, int]

#: The order of `merit` in SQL, for rows with `fitness`, `violation`, `pruned_at` and `direction`.
RANKED: Final = (
    "CASE WHEN violation > 0 THEN 2 WHEN fitness IS NULL THEN 3 ELSE pruned_at IS NOT NULL END, "
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

    @property
    def complete(self) -> bool:
        """Return whether all scenarios judged the trial."""
        ...


def merit(objective: float | None, violation: float, *, complete: bool = True) -> tuple[int, float]:
    """Return the sort key of trials, the best first.

    Feasible trials come first, by objective, the complete ones before the others; then those with a
    violation, by its size (with or without a fitness); then the rest.
    """
    if violation > 0:
        return (2, violation)
    return (3, 0.0) if objective is None else (0 if complete else 1, -objective)


def rank_key(score: Ranked, search: int, number: int) -> RankKey:
    """Return the sort key from best to worst; ties go by search, then by trial number."""
    return (*merit(score.objective, score.violation, complete=score.complete), search, number)
