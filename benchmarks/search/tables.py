"""The tables that people read, in Markdown."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from landscapes import TUNED, landscape

from search.figures import BUDGETS, LEVEL_AT, Summary, ranks
from search.methods import LOOKAHEAD, METHODS
from search.report import Results, methods, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from search.methods import Method


def tables(results: Results) -> dict[str, str]:
    """Return the tables in Markdown, by the name of their place in the page."""
    return {
        "methods": _methods(results),
        "landscapes": _landscapes(results),
        "evaluations": _grid(results, _evaluations),
        "lookahead": _other_lookaheads(results),
        "regret": _grid(results, _regret),
        "found": _grid(results, _found),
        "rank": _rank(results),
        "cost": _grid(results, _cost),
    }


def _methods(results: Results) -> str:
    at = _lookaheads(results)
    rows = [
        [name, METHODS[name].words, _pipeline(METHODS[name]), _seeds(results, name)]
        for name in methods(results)
    ]
    return table(["method", "what it is", "stages", f"seeds at {' / '.join(map(str, at))}"], rows)


def _lookaheads(results: Results) -> list[int]:
    return sorted({lookahead for _, _, lookahead in results})


def _seeds(results: Results, name: str) -> str:
    """Return by lookahead with how many seeds a method ran, the fewest of all landscapes."""
    counts = [
        [
            len(one.curves)
            for (_, method, at), one in results.items()
            if (method, at) == (name, each)
        ]
        for each in _lookaheads(results)
    ]
    return " / ".join(str(min(some)) if some else "-" for some in counts)


def _pipeline(method: Method) -> str:
    stages = (f"{part.use} {part.trials or ''}".strip() for part in method.parts)
    return ", ".join(stages) or "not leanopt's"


def _landscapes(results: Results) -> str:
    rows = []
    for place in places(results):
        here = landscape(place)
        level = next(one.level for (at, _, _), one in results.items() if at == place)
        valid = f"{len(here.valid) / here.size:.0%}"
        numbers = [f"{here.size:,}", valid, number(here.best), number(level)]
        rows.append([place, here.about, *numbers, TUNED[place]])
    return table(["", "what", "points", "valid", "best", "level", "tuned on it"], rows)


def _grid(results: Results, cell: Callable[[Summary], str]) -> str:
    """Return a table of methods by landscapes at the usual lookahead."""
    at = places(results)
    rows = [
        [name, *(_cell(results.get((place, name, LOOKAHEAD)), cell) for place in at)]
        for name in methods(results)
    ]
    return table(["", *at], rows)


def _cell(one: Summary | None, cell: Callable[[Summary], str]) -> str:
    return "" if one is None else cell(one)


def _evaluations(one: Summary) -> str:
    low, high = one.evaluations_interval
    return f"{count(one, one.evaluations)} [{count(one, low)}, {count(one, high)}]"


def _regret(one: Summary) -> str:
    low, high = one.quartiles(LEVEL_AT)
    return f"{number(one.regret(LEVEL_AT))} [{number(low)}, {number(high)}]"


def _found(one: Summary) -> str:
    return " / ".join(f"{100 * one.found(top, LEVEL_AT):.0f}" for top in one.tops)


def _cost(one: Summary) -> str:
    return "" if one.ask_ms is None else f"{one.ask_ms:.2f}"


def _other_lookaheads(results: Results) -> str:
    others = _lookaheads(results)
    at = places(results)
    rows = []
    for name in methods(results):
        cells = []
        for place in at:
            summaries = [results.get((place, name, lookahead)) for lookahead in others]
            known_ones = [count(one, one.evaluations) if one else "-" for one in summaries]
            cells.append(" / ".join(known_ones))
        rows.append([name, *cells])
    return f"Lookahead {' / '.join(map(str, others))}:\n\n" + table(["", *at], rows)


def _rank(results: Results) -> str:
    """Return a table of each method's mean rank over the landscapes that all of them ran on."""
    names = methods(results)
    at = [
        place
        for place in places(results)
        if all((place, name, LOOKAHEAD) in results for name in names)
    ]
    columns = [_mean_ranks(results, names, at, budget) for budget in BUDGETS]
    rows = [
        [name, *(f"{column[i]:.1f}" for column in columns)] for i, name in enumerate(names) if at
    ]
    return table(["", *map(str, BUDGETS)], rows)


def _mean_ranks(
    results: Results, names: Sequence[str], at: Sequence[str], budget: int
) -> list[float]:
    each = [ranks(results[place, name, LOOKAHEAD].regret(budget) for name in names) for place in at]
    return [sum(column) / len(at) for column in zip(*each, strict=True)]


def count(one: Summary, evaluations: int | None) -> str:
    """Return a number of evaluations as people read it: None is beyond the last."""
    return f">{one.last}" if evaluations is None else str(evaluations)


def number(value: float) -> str:
    """Return a regret or level to three digits after the point."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isfinite(value) else "none"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
