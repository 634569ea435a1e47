"""What is read back is what was written: proposals, outcomes, scores."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.fitness import Fitness
from leanopt_core.scoring import Scorer
from leanopt_core.statistics import Statistics
from leanopt_core.trial import Score, Violation
from leanopt_core.work import Category, Failure, Outcome

FLOATS = st.floats(-1e300, 1e300)
STATISTICS = st.dictionaries(st.text(), FLOATS | st.none() | st.text(), max_size=6).map(Statistics)
OUTCOMES = st.one_of(
    STATISTICS.map(Outcome),
    st.builds(Failure, st.sampled_from(Category), st.text()).map(lambda one: Outcome(failure=one)),
    st.builds(Outcome, STATISTICS, closed_trades=st.integers(0, 5)),
)
SCORES = st.builds(
    Score,
    fitness=st.just(1.25),
    objective=st.just(1.25),
    violation=st.floats(0, 1e300),
    violations=st.lists(st.builds(Violation, st.text(), FLOATS), max_size=2).map(tuple),
    reasons=st.lists(st.text(), max_size=2).map(tuple),
    values=st.dictionaries(st.text(), FLOATS, max_size=2),
) | st.builds(
    Score,
    failure=st.sampled_from([str(category) for category in Category]),
    reasons=st.lists(st.text(), max_size=2).map(tuple),
)
TRIALS = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 2), OUTCOMES),
        st.none() | SCORES,
        st.text(),
        st.integers(0, 2**70),
    ),
    max_size=8,
)


def bits(statistics: Statistics | None) -> object:
    """Return the statistics with floats as their bytes, so that -0.0 is not 0.0."""
    return statistics and {
        name: struct.pack("<d", value) if isinstance(value, float) else value
        for name, value in statistics.values.items()
    }


@given(TRIALS)
def test_replay_reads_back_what_was_written(lasting_store, begin, trials):
    """Replay reads back what was written."""
    recorder = begin(lasting_store, scenarios=("a", "b", "c"))
    for number, (outcomes, told, origin, index) in enumerate(trials, 1):
        recorder.propose(
            number, origin=origin, grid_index=index, attempt=number % 3, told_before=number // 2
        )
        for place, outcome in outcomes.items():
            found = recorder.backtest(f"{number:060x}{place:04x}", outcome)
            recorder.writer.evaluate(recorder.search_id, number, place, found)
        if told is not None:
            recorder.writer.tell(recorder.search_id, number, told)
    recorder.writer.commit()
    stored = list(lasting_store.reader.trials(recorder.search_id))
    assert [trial.number for trial in stored] == list(range(1, len(trials) + 1))
    for trial, (outcomes, told, origin, index) in zip(stored, trials, strict=True):
        assert (trial.origin, trial.grid_index) == (origin, index)
        assert (trial.attempt, trial.told_before) == (trial.number % 3, trial.number // 2)
        assert trial.parameters == f'{{"fast":{trial.number},"stop":"0.015"}}'
        assert trial.outcomes == outcomes
        for place, outcome in outcomes.items():
            assert bits(trial.outcomes[place].statistics) == bits(outcome.statistics)
        state = "failed" if told and told.failure else "completed" if told else "proposed"
        assert (trial.state, trial.score) == (state, told)


class Sum:
    """A fitness function whose value depends on every bit, and on the order of names."""

    direction = "min"
    target = None

    def __call__(self, backtests):
        """Judge by every statistic."""
        total = 0.0
        for backtest in backtests:
            for value in backtest.statistics.values.values():
                total = total / 3 + (value if isinstance(value, float) else 0.5)
        return Fitness(total + 0.0, values={"count": float(len(backtests))})


@given(st.lists(STATISTICS.map(Outcome), min_size=1, max_size=3))
def test_stored_outcomes_score_the_same(lasting_store, begin, outcomes):
    """Stored outcomes score the same."""
    recorder = begin(lasting_store, scenarios=("a", "b", "c"), directions=("min",))
    recorder.propose(1)
    for place, outcome in enumerate(outcomes):
        found = recorder.backtest(f"{place:064x}", outcome)
        recorder.writer.evaluate(recorder.search_id, 1, place, found)
    fresh = dict(zip("abc", outcomes, strict=False))
    score = Scorer(Sum(), label="sum")
    judged = score(fresh)
    recorder.writer.tell(recorder.search_id, 1, judged)
    recorder.writer.commit()
    trial = lasting_store.reader.trial(recorder.run, 1, 1)
    again = score(dict(zip("abc", trial.outcomes.values(), strict=False)))
    assert repr(again) == repr(judged) == repr(trial.score)


def test_many_trials_are_streamed_while_others_are_written(store, begin):
    """Many trials are streamed while others are written."""
    recorder = begin(store)
    for number in range(1, 1201):
        recorder.told(number)
    recorder.writer.commit()
    stream = store.reader.trials(recorder.search_id)
    first = next(stream)
    for number in range(1201, 1300):
        recorder.told(number)
    recorder.writer.commit()
    assert [first.number, *(trial.number for trial in stream)] == list(range(1, 1300))
    after = store.reader.trials(recorder.search_id, after=1290)
    assert [trial.number for trial in after] == list(range(1291, 1300))


@pytest.mark.parametrize(("search", "number"), [(1, 2), (2, 1), (0, 1)])
def test_a_trial_that_is_not_there(store, begin, search, number):
    """A trial that is not there is None."""
    recorder = begin(store)
    recorder.told(1)
    recorder.writer.commit()
    assert store.reader.trial(recorder.run, search, number) is None
    assert store.reader.trial(recorder.run, 1, 1).number == 1


def test_failures_are_counted_by_category(store, begin):
    """Failures are counted by category."""
    recorder, other = begin(store), begin(store)
    for number, category in enumerate(["timeout", None, "strategy error", "timeout"], 1):
        recorder.told(number, score=Score(failure=category))
    other.told(1, score=Score(failure="worker died"))
    recorder.writer.commit()
    other.writer.commit()
    assert store.reader.failures(recorder.run) == {"timeout": 2, "strategy error": 1}
