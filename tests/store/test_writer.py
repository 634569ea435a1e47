"""Writing: nothing before a commit, nothing twice, and which backtests are known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from leanopt_core.errors import StoreError
from leanopt_core.statistics import Statistics
from leanopt_core.store.answering import Held
from leanopt_core.store.records import Taken
from leanopt_core.store.store import open_store
from leanopt_core.trial import Score, Violation
from leanopt_core.work import LASTING, Category, Failure, Outcome

NOTHING = frozenset()
EQUITY = frozenset({"equity"})


def failed(category: Category, message: str = "as it happens") -> Outcome:
    """Return a failure."""
    return Outcome(failure=Failure(category, message))


def everything(look) -> list[object]:
    """Return all rows of all tables."""
    tables = look("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'counters'")
    return [
        look(f"SELECT * FROM {name}")  # noqa: S608 - the schema's own names
        for (name,) in sorted(tables)
    ]


def test_nothing_is_written_before_the_commit(store, begin, look):
    """Nothing is written before the commit."""
    recorder = begin(store)
    recorder.told(1)
    recorder.writer.event("note", {"text": "hm"})
    assert look("SELECT count(*) FROM trials") == [(0,)]
    recorder.writer.commit()
    assert look("SELECT (SELECT count(*) FROM trials), (SELECT count(*) FROM events)") == [(1, 1)]


def test_what_was_not_committed_is_gone_when_the_store_is_closed(path, begin):
    """What was not committed is gone when the store is closed."""
    with open_store(path) as store:
        begin(store).told(1)
    with open_store(path) as store:
        assert store.runs.find().searches[0].proposed == 0


def test_a_commit_with_nothing_new_touches_nothing(store, begin, path):
    """A commit with nothing new touches nothing."""
    recorder = begin(store)
    log = path.with_name(f"{path.name}-wal")
    before = log.read_bytes()
    recorder.writer.commit()
    assert log.read_bytes() == before


def test_a_because_is_kept_from_the_proposal_on(store, begin, look):
    """Told with details or without, failed or withdrawn; it is no part of the score."""
    recorder = begin(store)
    scores = {
        1: Score(1.5, 1.5),
        2: Score(0.5, 0.5, values={"a": 1e-7}, reasons=("n\u00e9ar", "\udc80")),
        3: Score(reasons=("it failed",), failure="timeout"),
    }
    text = '{"n\u00e9ar":[1,2.50e0,null],"why":"a \\"b\\" }"}'
    for number in (1, 2, 3, 4, 5):
        recorder.propose(number, because=text)
    recorder.propose(6)
    recorder.writer.commit()
    assert look("SELECT detail FROM trials") == [(f'{{"because":{text}}}',)] * 5 + [(None,)]
    for number, score in scores.items():
        recorder.writer.tell(recorder.search_id, number, score)
    recorder.writer.withdraw(recorder.search_id, [4, 6])
    recorder.writer.commit()
    for number, score in scores.items():
        recorder.writer.tell(recorder.search_id, number, score)
    recorder.writer.commit()
    trials = list(store.reader.trials(recorder.search_id))
    because = {"n\u00e9ar": [1, 2.5, None], "why": 'a "b" }'}
    assert [trial.details.get("because") for trial in trials] == [because] * 5 + [None]
    assert {trial.number: trial.score for trial in trials if trial.told} == scores
    assert [trial.state for trial in trials[3:]] == ["withdrawn", "proposed", "withdrawn"]
    told = look("SELECT detail FROM trials WHERE number = 3")
    assert told == [(f'{{"because":{text},"reasons":["it failed"]}}',)]


def test_what_is_told_again_changes_nothing(store, begin, look):
    """What is told again changes nothing."""
    recorder = begin(store, directions=("min",))
    run, writer = recorder.run, recorder.writer
    search, stage = run.searches[0].id, run.searches[0].stages[0].id
    for number in (1, 2, 3):
        recorder.propose(number)
    found = recorder.backtest("ab" * 32)

    def say() -> None:
        writer.evaluate(search, 1, 0, found)
        writer.tell(search, 1, Score(2.0, -2.0, values={"a": 1.0}))
        writer.tell(search, 2, Score(1.0, -1.0, violation=0.5, violations=(Violation("x", 0.5),)))
        writer.withdraw(search, [3])
        writer.event("stop", {"reason": "enough"}, search_id=search, stage_id=stage, number=2)
        writer.stage_ended(stage, "stop")
        writer.search_ended(search, "stop")

    say()
    writer.commit()
    before = everything(look)
    say()
    writer.commit()
    say()
    say()
    writer.commit()
    assert everything(look) == before
    stored = store.runs.get(run.id).searches[0]
    assert (stored.told, stored.withdrawn, stored.best, stored.ended) == (2, 1, 1, "stop")
    assert stored.stages[0].ended == "stop"
    assert [event.detail for event in store.reader.events(run)] == [{"reason": "enough"}]


def test_what_was_told_stays_whatever_is_said_later(store, begin):
    """What was told stays whatever is said later."""
    recorder = begin(store)
    recorder.told(1, score=Score(1.0, 1.0))
    recorder.writer.commit()
    other = recorder.backtest("cd" * 32)
    recorder.writer.evaluate(recorder.search_id, 1, 0, other)
    recorder.writer.tell(recorder.search_id, 1, Score(9.0, 9.0))
    recorder.writer.withdraw(recorder.search_id, [1])
    recorder.writer.commit()
    trial = store.reader.trial(recorder.run, 1, 1)
    assert (trial.state, trial.fitness) == ("completed", 1.0)
    assert trial.backtests[0].id != other


def test_a_proposal_twice_is_an_error_that_writes_nothing_and_forgets_nothing(store, begin, look):
    """A proposal twice is an error that writes nothing and forgets nothing."""
    recorder = begin(store)
    recorder.propose(1)
    recorder.writer.commit()
    recorder.propose(2)
    recorder.propose(1)
    with pytest.raises(StoreError, match="this was written before"):
        recorder.writer.commit()
    assert look("SELECT number FROM trials") == [(1,)]
    with pytest.raises(StoreError, match="this was written before"):
        recorder.writer.commit()


def test_finishing_commits_and_says_when(store, begin, look):
    """Finishing commits and says when."""
    recorder = begin(store)
    recorder.told(1)
    recorder.writer.finish("interrupted")
    run = store.runs.get(recorder.run.id)
    assert (run.state, run.finished_at) == ("interrupted", "2023-11-14T22:13:20+00:00")
    assert run.searches[0].told == 1
    again = store.runs.resume(run.id)
    assert (again.state, again.finished_at) == ("running", None)


def test_ids_are_known_before_they_are_written_and_never_given_twice(store, begin, path, look):
    """Ids are known before they are written and never given twice."""
    recorder = begin(store)
    with open_store(path) as second:
        other = begin(second)
        ids = [one.backtest(f"{number:064x}") for number in range(300) for one in (recorder, other)]
        other.writer.commit()
        recorder.writer.commit()
    assert len(set(ids)) == 600
    assert {found for (found,) in look("SELECT id FROM backtests")} == set(ids)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("category", list(Category))
def test_a_run_keeps_to_its_own_outcome_of_a_key(store, begin, key, category, committed):
    """A run keeps to its own outcome of a key."""
    recorder = begin(store)
    found = recorder.backtest(key("a"), failed(category))
    if committed:
        recorder.writer.commit()
    assert recorder.writer.known(key("a"), NOTHING) == (found, failed(category))
    resumed = store.writer(store.runs.resume(recorder.run.id))
    assert (resumed.known(key("a"), NOTHING) is not None) == committed


@pytest.mark.parametrize("category", list(Category))
def test_another_run_is_answered_with_lasting_failures_only(store, begin, key, category):
    """Another run is answered with lasting failures only."""
    first = begin(store)
    found = first.backtest(key("a"), failed(category))
    first.writer.commit()
    known = begin(store).writer.known(key("a"), NOTHING)
    assert known == ((found, failed(category)) if category in LASTING else None)


@pytest.mark.parametrize("held", list(Held))
def test_a_held_backtest_answers_at_most_its_own_run(store, begin, key, held):
    """Disowned backtests answer nothing; what is stored of the same key without it does."""
    recorder = begin(store)
    free = recorder.backtest(key("a"))
    found = recorder.backtest(key("a"), held=held)
    recorder.backtest(key("b"), held=held)
    recorder.writer.commit()
    resumed = store.writer(store.runs.resume(recorder.run.id))
    mine, other = (
        writer.known_among([key("a"), key("b")], NOTHING)
        for writer in (resumed, begin(store).writer)
    )
    assert set(mine) == ({key("a")} if held == Held.CHANGED else {key("a"), key("b")})
    assert mine[key("a")][0] == (free if held == Held.CHANGED else found)
    assert {one: stored for one, (stored, _) in other.items()} == {key("a"): free}


def test_another_run_is_answered_with_the_newest_completed_backtest(path, begin, key):
    """Another run is answered with the newest completed backtest."""
    now = 1_000.0
    with open_store(path, clock=lambda: now) as store:
        early, late = begin(store), begin(store)
        early.backtest(key("other"))  # takes the lower ids
        late.backtest(key("a"), Outcome(Statistics({"Drawdown": 0.1})))
        late.writer.commit()
        now = 2_000.0
        newest = early.backtest(key("a"), Outcome(Statistics({"Drawdown": 0.2})))
        early.backtest(key("a"), failed(Category.TIMEOUT))
        early.writer.commit()
        known = begin(store).writer.known(key("a"), NOTHING)
    assert known == (newest, Outcome(Statistics({"Drawdown": 0.2})))


def test_its_own_outcome_counts_before_a_newer_one_of_another_run(path, begin, key):
    """Its own outcome counts before a newer one of another run."""
    now = 1_000.0
    with open_store(path, clock=lambda: now) as store:
        mine, other = begin(store), begin(store)
        found = mine.backtest(key("a"), failed(Category.DIED))
        mine.writer.commit()
        now = 2_000.0
        other.backtest(key("a"))
        other.writer.commit()
        assert mine.writer.known(key("a"), NOTHING) == (found, failed(Category.DIED))


@pytest.mark.parametrize("committed", [False, True])
def test_only_a_backtest_with_the_outputs_asked_for_answers(store, begin, key, committed):
    """Only a backtest with the outputs asked for answers."""
    recorder = begin(store)
    bare = recorder.backtest(key("a"))
    if committed:
        recorder.writer.commit()
    assert recorder.writer.known(key("a"), EQUITY) is None
    full = recorder.backtest(key("a"), outputs=frozenset({"trades", "equity"}))
    if committed:
        recorder.writer.commit()
    assert recorder.writer.known(key("a"), EQUITY)[0] == full
    assert recorder.writer.known(key("a"), NOTHING)[0] in (bare, full)


def test_many_keys_are_looked_up_at_once(store, begin, key):
    """Of each it says what `known` says; there may be more than one statement takes."""
    recorder = begin(store)
    stored = {key(f"s{i}"): recorder.backtest(key(f"s{i}")) for i in range(3)}
    recorder.writer.commit()
    noted = {key(f"n{i}"): recorder.backtest(key(f"n{i}")) for i in range(2)}
    unlike = "".join([next(iter(stored))[:16], "0" * 48])
    keys = [*stored, *noted, unlike, *(key(f"new{i}") for i in range(1200))]
    known = recorder.writer.known_among(keys, NOTHING)
    assert {one: found for one, (found, _) in known.items()} == stored | noted
    assert known == {one: recorder.writer.known(one, NOTHING) for one in known}
    assert recorder.writer.known_among(keys, EQUITY) == {}
    assert recorder.writer.known_among([], NOTHING) == {}


def test_keys_that_begin_alike_are_told_apart(store, begin):
    """Keys that begin alike are told apart."""
    recorder = begin(store)
    found = recorder.backtest("ab" * 8 + "00" * 24)
    recorder.writer.commit()
    assert recorder.writer.known("ab" * 8 + "11" * 24, NOTHING) is None
    assert recorder.writer.known("ab" * 8 + "00" * 24, NOTHING)[0] == found


@pytest.mark.parametrize("committed", [False, True])
def test_of_trades_the_number_is_known(store, begin, key, committed):
    """Of trades the number is known."""
    recorder = begin(store)
    outcome = Outcome(Statistics({"Drawdown": 0.1}), closed_trades=2)
    recorder.backtest(key("a"), outcome)
    if committed:
        recorder.writer.commit()
    _, known = recorder.writer.known(key("a"), NOTHING)
    assert (known.statistics, known.closed_trades) == (outcome.statistics, 2)


@pytest.mark.parametrize("committed", [False, True])
def test_texts_that_are_no_whole_characters_are_kept(store, begin, key, committed):
    """Texts that are no whole characters are kept."""
    recorder = begin(store)
    recorder.backtest(key("a"), Outcome(Statistics({"\ud83d": "half \udc80"})))
    recorder.backtest(key("b"), failed(Category.STRATEGY, "half \udc80, nought \0."))
    if committed:
        recorder.writer.commit()
    assert recorder.writer.known(key("a"), NOTHING)[1].statistics.values == {
        "\ud83d": "half \udc80"
    }
    assert recorder.writer.known(key("b"), NOTHING)[1].failure.message == (
        "half \\udc80, nought \0."
    )


def test_a_grid_larger_than_64_bits(store, begin):
    """A grid larger than 64 bits keeps its indexes exact."""
    recorder = begin(store)
    indexes = [0, 2**63 - 1, 2**63, 10**30]
    for number, index in enumerate(indexes, 1):
        recorder.propose(number, grid_index=index)
    recorder.writer.commit()
    trials = store.reader.trials(recorder.search_id)
    assert [trial.grid_index for trial in trials] == indexes


def test_events_are_read_in_the_order_in_which_they_happened(store, begin):
    """Events are read in the order in which they happened."""
    recorder = begin(store)
    for count in (3, 1, 2):
        recorder.writer.event("note", {"size": Decimal("0.10"), "count": count})
    recorder.writer.commit()
    events = store.reader.events(recorder.run)
    assert [event.detail for event in events] == [
        {"count": count, "size": 0.1} for count in (3, 1, 2)
    ]
    assert {event.happened_at for event in events} == {"2023-11-14T22:13:20+00:00"}


def test_how_far_a_sink_got_is_the_last_that_was_recorded(store, begin):
    """By search and sink; what is not committed is not there."""
    recorder = begin(store, directions=("max", "max"))
    first, second = (search.id for search in recorder.run.searches)
    for number in (1, 5):
        recorder.writer.taken(first, "a", "mail", number=number, stages=0)
        recorder.writer.commit()
    recorder.writer.taken(second, "a", "mail", number=3, stages=2)
    recorder.writer.taken(first, "b", "mail", number=4, stages=1)
    assert store.reader.taken(recorder.run, "a") == {1: Taken(5, 0)}
    recorder.writer.commit()
    assert store.reader.taken(recorder.run, "a") == {1: Taken(5, 0), 2: Taken(3, 2)}
    assert store.reader.taken(recorder.run, "b") == {1: Taken(4, 1)}
    assert store.reader.taken(recorder.run, "c") == {}
