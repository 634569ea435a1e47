"""The results, and their figures by the names that they are known by."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from search.figures import BUDGETS, LEVEL_AT, Summary
from search.methods import LOOKAHEAD, METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: By landscape, method and lookahead.
Results: TypeAlias = "Mapping[tuple[str, str, int], Summary]"


def figures(results: Results) -> dict[str, float | None]:
    """Return every figure by its name; None if a budget ends before there is one."""
    found: dict[str, float | None] = {}
    for (place, method, lookahead), one in sorted(results.items()):
        tail = "" if lookahead == LOOKAHEAD else f"_at{lookahead}"
        found[f"level_{place}"] = known(one.level)
        found[f"evaluations_{place}_{method}{tail}"] = one.evaluations
        for budget in BUDGETS:
            found[f"regret_{place}_{method}_{budget}{tail}"] = known(one.regret(budget))
        if one.ask_ms is not None:
            found[f"ask_ms_{place}_{method}{tail}"] = round(one.ask_ms, 4)
    return found


def intervals(results: Results) -> dict[str, list[float | None]]:
    """Return the bootstrap intervals of the evaluations and of the regret at 472."""
    found: dict[str, list[float | None]] = {}
    for (place, method, lookahead), one in sorted(results.items()):
        if lookahead == LOOKAHEAD:
            found[f"evaluations_{place}_{method}"] = list(one.evaluations_interval)
            regret = map(known, one.regret_interval(LEVEL_AT))
            found[f"regret_{place}_{method}_{LEVEL_AT}"] = list(regret)
    return found


def known(value: float) -> float | None:
    """Return a figure as JSON carries it: None if it is infinite."""
    return round(value, 6) if isfinite(value) else None


def places(results: Results) -> list[str]:
    """Return the landscapes that were run, in their order of appearance."""
    return list(dict.fromkeys(place for place, _, _ in results))


def methods(results: Results) -> list[str]:
    """Return the methods that were run at the usual lookahead, in the table's order."""
    run = {method for _, method, lookahead in results if lookahead == LOOKAHEAD}
    return [name for name in METHODS if name in run]
