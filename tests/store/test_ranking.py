"""The ranking in SQL against the one that scoring documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.ranking import RANKED, rank_key
from leanopt_core.trial import Score

# Few values, so that many are equal, and extreme ones.
NUMBERS = st.sampled_from([-1.5, 0.0, 0.25, 3.0]) | st.floats(allow_nan=False, allow_infinity=False)
STEPS = st.sampled_from([None, None, 0, 1])
SIZES = st.sampled_from([0.0, 0.0, 0.5, 2.0]) | st.floats(0, 1e300)


@st.composite
def searches(draw):
    """Two searches: their directions and the scores of their trials."""
    found = []
    for _ in range(2):
        direction = draw(st.sampled_from(["max", "min"]))
        scores = []
        for fitness, violation, pruned_at in draw(
            st.lists(st.tuples(st.none() | NUMBERS, SIZES, STEPS), max_size=12)
        ):
            turned = fitness if direction == "max" or fitness is None else 0.0 - fitness
            scores.append(Score(fitness, turned, violation, pruned_at=pruned_at))
        found.append((direction, scores))
    return found


@given(searches(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_trials_are_ranked_as_scoring_ranks_them(lasting_store, begin, found, group, random):
    """Trials are ranked as scoring ranks them."""
    store = lasting_store
    recorder = begin(store, directions=[direction for direction, _ in found])
    for place, (_, scores) in enumerate(found):
        search_id = recorder.run.searches[place].id
        told = list(enumerate(scores, 1))
        for number, _ in told:
            type(recorder)(recorder.run, recorder.writer, place).propose(number)
        random.shuffle(told)
        for at, (number, score) in enumerate(told):
            recorder.writer.tell(search_id, number, score)
            if at % group == 0:
                recorder.writer.commit()
    recorder.writer.commit()
    expected = sorted(
        rank_key(score, search, number)
        for search, (_, scores) in enumerate(found, 1)
        for number, score in enumerate(scores, 1)
    )
    places = [(search, number) for _, _, search, number in expected]
    ranked = store.reader.ranked(recorder.run, 100)
    assert [(one.search, one.trial.number) for one in ranked] == places
    assert [one.rank for one in ranked] == list(range(1, len(places) + 1))
    scores = [found[one.search - 1][1][one.trial.number - 1] for one in ranked]
    assert [one.trial.score.complete for one in ranked] == [score.complete for score in scores]
    paged = [
        one for at in range(0, len(places), 5) for one in store.reader.ranked(recorder.run, 5, at)
    ]
    assert paged == ranked
    view = store.reader._database.rows(
        "SELECT search, trial, rank FROM trials_ranked WHERE run = ? ORDER BY rank",
        (recorder.run.name,),
    )
    assert [row[:2] for row in view] == places
    for search in store.runs.get(recorder.run.id).searches:
        first = next((number for at, number in places if at == search.number), None)
        assert search.best == first
        assert search.told == len(found[search.number - 1][1])


def test_the_view_has_the_same_order_in_its_own_text(store, look) -> None:
    """A migration is never edited, so the order stands there once more."""
    (view,) = look("SELECT sql FROM sqlite_master WHERE name = 'trials_ranked'")
    assert " ".join(RANKED.split()) in " ".join(view[0].split())
