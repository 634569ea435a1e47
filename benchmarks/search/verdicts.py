"""What the runs say of the default: where it meets its goals, and where another method is ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from search.figures import LEVEL_AT
from search.methods import LOOKAHEAD, METHODS
from search.paired import ALPHA, compared
from search.report import Results, methods, places
from search.tables import count, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from search.paired import Comparison

#: By lookahead: at most this share of the plain genetic algorithm's own evaluations.
GOALS: Final[Mapping[int, float]] = {16: 0.25, 48: 1 / 3, 200: 0.6}
TESTED: Final = (100, 200, LEVEL_AT)
#: The method whose regret at the end is a goal, and where.
BESIDE: Final = ("aapl", "ga")


def verdicts(results: Results) -> dict[str, str]:
    """Return tables and sentences in Markdown, by the name of their place in the page."""
    return {
        "verdict": "\n\n".join([_shares(results), *_lines(_goals(results))]),
        "test": _tests(results),
        "ahead": "\n".join(f"- {line}" for line in _ahead(results)),
    }


def signs(results: Results) -> dict[str, str]:
    """Return by landscape, rival and budget: + the default is better, - worse, = neither."""
    return {
        f"{place}_{rival}_{budget}": one.sign
        for rival in _rivals(results)
        for budget in TESTED
        for place, one in _compared(results, rival, budget).items()
    }


def _shares(results: Results) -> str:
    """Return a table of the evaluations that the default and the genetic algorithm need."""
    rows = [[place, *(_cell(results, place, at) for at in GOALS)] for place in places(results)]
    goals = (f"lookahead {at}: at most {goal:.2f}" for at, goal in GOALS.items())
    return table(["", *goals], rows)


def _cell(results: Results, place: str, at: int) -> str:
    ours, plain = (results.get((place, name, at)) for name in ("default", "plain_ga"))
    if ours is None or plain is None:
        return "-"
    needed = f"{count(ours, ours.evaluations)} of {count(plain, plain.evaluations)}"
    reached = share(results, place, at)
    return needed if reached is None else f"{needed}: {reached:.2f}"


def share(results: Results, place: str, at: int) -> float | None:
    """Return the default's evaluations as a share of the plain algorithm's own at a lookahead.

    None where the default does not reach the level; if the other does not, its last counts.
    """
    ours, plain = (results.get((place, name, at)) for name in ("default", "plain_ga"))
    if ours is None or plain is None or ours.evaluations is None:
        return None
    return ours.evaluations / (plain.evaluations or plain.last)


def _goals(results: Results) -> Iterator[str]:
    for at, goal in GOALS.items():
        run = [place for place in places(results) if (place, "default", at) in results]
        shares = {place: share(results, place, at) for place in run}
        missed = [place for place, one in shares.items() if one is None or one > goal]
        if run and missed:
            yield f"Lookahead {at}: the goal of {goal:.2f} is **missed on {', '.join(missed)}**."
        elif run:
            yield f"Lookahead {at}: the goal of {goal:.2f} is met on all {len(run)} landscapes."
    place, name = BESIDE
    pair = [results.get((place, one, LOOKAHEAD)) for one in ("default", name)]
    if pair[0] and pair[1]:
        ours, other = (one.regret(LEVEL_AT) for one in pair if one)
        word = "at most" if ours <= other else "**above**"
        yield (
            f"On {place} the default's median regret after {LEVEL_AT} evaluations is "
            f"{number(ours)}, {word} that of {name} ({number(other)})."
        )


def _lines(lines: Iterator[str]) -> list[str]:
    listed = "\n".join(f"- {line}" for line in lines)
    return [listed] if listed else []


def _rivals(results: Results) -> list[str]:
    return [name for name in methods(results) if name != "default" and name in METHODS]


def _compared(results: Results, rival: str, budget: int) -> dict[str, Comparison]:
    pairs = {}
    for place in places(results):
        ours, other = (results.get((place, name, LOOKAHEAD)) for name in ("default", rival))
        if ours is not None and other is not None:
            pairs[place] = (ours, other)
    return compared(pairs, budget)


def _tests(results: Results) -> str:
    at = places(results)
    rows = []
    for rival in _rivals(results):
        by_budget = [_compared(results, rival, budget) for budget in TESTED]
        rows.append([rival, *(_signs(by_budget, place) for place in at)])
    return table([f"after {' / '.join(map(str, TESTED))}", *at], rows)


def _signs(by_budget: Sequence[Mapping[str, Comparison]], place: str) -> str:
    return " / ".join(one[place].sign for one in by_budget if place in one)


def _ahead(results: Results) -> Iterator[str]:
    """Yield where another method is ahead by the test, and by how much."""
    ahead = False
    for budget in TESTED:
        for rival in _rivals(results):
            for place, one in _compared(results, rival, budget).items():
                if one.sign == "-":
                    ahead = True
                    yield (
                        f"{place}, after {budget}: **{rival} is ahead**, with a median regret of "
                        f"{number(one.other)} against {number(one.one)} (p = {one.p:.2g})."
                    )
    if not ahead:
        listed = ", ".join(map(str, TESTED))
        yield f"No method is ahead of the default by the test after {listed} (p below {ALPHA})."
