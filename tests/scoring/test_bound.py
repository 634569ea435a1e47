"""What `[prune] use = "bound"` relies on: no further scenario can make a decided trial the best."""

from __future__ import annotations

from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_statistic import StatisticOptions
from leanopt_statistic._impl import create

from leanopt_core.scoring import ResultConstraint, Scorer, SoftConstraint
from leanopt_core.search.prune import Bound
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score
from leanopt_core.work import Category, Failure, Outcome

VALUES = st.integers(-3, 3).map(lambda value: value / 2)
COMPLETED = st.builds(
    lambda profit, depth: Outcome(Statistics({"Net Profit": profit, "Drawdown": depth})),
    *(VALUES, VALUES),
)
OUTCOMES = st.one_of(
    *[COMPLETED] * 8,
    st.builds(lambda depth: Outcome(Statistics({"Drawdown": depth})), VALUES),
    st.just(Outcome(failure=Failure(Category.STRATEGY, "boom"))),
)


@settings(max_examples=400)
@given(
    st.lists(OUTCOMES, min_size=2, max_size=5),
    st.none() | VALUES,
    st.sampled_from(["max", "min"]),
    st.booleans(),
    st.booleans(),
)
def test_a_decided_trial_is_never_better(
    outcomes: list[Outcome],
    best: float | None,
    direction: Literal["max", "min"],
    hard: bool,
    soft: bool,
) -> None:
    """With constraints and soft ones, in either direction: whatever the other scenarios give."""
    options = StatisticOptions(statistic="Net Profit", direction=direction, aggregate="worst")
    rule = ResultConstraint.parse("Drawdown <= 1")
    scorer = Scorer(
        create(options),
        [rule] if hard else [],
        label="fitness",
        soft=[SoftConstraint(rule, 0.7)] if soft else [],
    )
    bound = Bound(each=True, worst=True)
    if best is not None:
        bound.told([Score(best, best)])
    decided = bound.proposed()
    named = {str(place): outcome for place, outcome in enumerate(outcomes)}
    whole = scorer(named)
    scores = []
    for count in range(1, len(outcomes)):
        scores.append(scorer(dict(list(named.items())[:count])))
        if decided(scores):
            better = best is None or (whole.objective or 0.0) > best
            assert not (whole.feasible and better)
