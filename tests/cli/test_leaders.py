"""The best trials of a run as it goes, against a sorted list of all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.cli.leaders import MOST, Best, Gain, Improvement, Leaders

_objectives = st.lists(
    st.none() | st.integers(-20, 20).map(float) | st.floats(-1e6, 1e6), max_size=60
)


@given(_objectives)
def test_the_best_and_what_improved_are_those_of_all(objectives: list[float | None]) -> None:
    """Of equal ones the first; `admits` says of each whether it matters."""
    leaders, best, improved = Leaders(), None, []
    for number, objective in enumerate(objectives, 1):
        if objective is not None and (best is None or objective > best):
            improved.append((number, objective))
            best = objective
        if leaders.admits(objective) and objective is not None:
            leaders.add(Best(number, objective, {}, {}), objective, number, None)
    feasible = [(-one, number) for number, one in enumerate(objectives, 1) if one is not None]
    assert [one.trial for one in leaders.trials] == [n for _, n in sorted(feasible)[:MOST]]
    found = [(one.trial, one.fitness) for one in leaders.improvements]
    assert found == improved[::-1][:50]


def test_what_was_gained_lately() -> None:
    """In the last quarter of the trials, in twenty at least; where lower is better too."""
    leaders = Leaders()
    assert leaders.gain(0) is None
    for told, objective in ((1, -10.0), (50, -8.0), (90, -7.5)):
        leaders.add(Best(told, -objective, {}, {}), objective, told, float(told))
    assert leaders.gain(90) == Gain(0.5, 22, 0)
    assert leaders.gain(100) == Gain(0.5, 25, 10)
    assert leaders.gain(200) == Gain(0.0, 50, 110)
    assert leaders.improvements[0] == Improvement(90, 7.5, 0.5, 90.0)
    early = Leaders()
    early.add(Best(1, 1.0, {}, {}), 1.0, 1, None)
    assert early.gain(3) == Gain(0.0, 3, 2)


def test_what_is_read_later_is_completed() -> None:
    """Only of the trial of that search."""
    leaders = Leaders()
    for search in (1, 2):
        leaders.add(Best(7, float(search), {}, {}, search), float(search), search, None)
    leaders.complete(Best(7, 1.0, {"x": "3"}, {}, 1))
    assert [(one.search, one.parameters) for one in leaders.trials] == [(2, {}), (1, {"x": "3"})]
