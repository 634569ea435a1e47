"""Several processes at one file, and processes that die."""

from __future__ import annotations

import pytest

from leanopt_core.errors import StoreError
from leanopt_core.store.store import open_store


def test_two_processes_open_a_new_store_and_write_at_once(path, process, look):
    """Two processes open a new store and write at once."""
    program = """
        with open_store(Path(sys.argv[1])) as store:
            run = begin(store)
            writer = store.writer(run)
            for number in range(1, 601):
                key = sha256(f"{run.id} {number}".encode()).hexdigest()
                print(run.name, number, tell(run, writer, number, key))
                if number % 3 == 0:
                    writer.commit()
            writer.finish("finished")
        """
    children = [process(path, program) for _ in range(2)]
    lines = [line.split() for child in children for line in child.communicate()[0].splitlines()]
    assert [child.returncode for child in children] == [0, 0]
    assert len({found for _, _, found in lines}) == 1200
    stored = look(
        "SELECT runs.name, e.number, e.backtest_id FROM evaluations AS e "
        "JOIN searches ON searches.id = e.search_id JOIN runs ON runs.id = searches.run_id"
    )
    assert {tuple(map(str, row)) for row in stored} == {tuple(line) for line in lines}
    assert look("SELECT name, state FROM runs ORDER BY name") == [
        ("trend-1", "finished"),
        ("trend-2", "finished"),
    ]
    assert look("PRAGMA foreign_key_check") == []


def test_a_killed_process_loses_nothing_committed_and_leaves_nothing_by_halves(path, process, look):
    """A killed process loses nothing committed and leaves nothing half-written."""
    child = process(
        path,
        """
        with open_store(Path(sys.argv[1])) as store:
            run = begin(store)
            writer = store.writer(run)
            number = 0
            while True:
                for number in range(number + 1, number + 6):
                    tell(run, writer, number, sha256(b"%d" % number).hexdigest())
                writer.commit()
                print(number, flush=True)
        """,
    )
    committed = 0
    while committed < 200:
        committed = int(child.stdout.readline())
    child.kill()
    rest = child.communicate()[0].split("\n")[:-1]
    committed = int(rest[-1]) if rest else committed
    with open_store(path) as store:
        run = store.runs.find()
        assert run.state == "running"
        trials = list(store.reader.trials(run.searches[0].id))
        assert len(trials) >= committed
        assert len(trials) % 5 == 0
        assert {(trial.state, len(trial.outcomes)) for trial in trials} == {("completed", 1)}
        assert run.searches[0].told == run.searches[0].best == len(trials)
    assert look("PRAGMA integrity_check") == [("ok",)]
    assert look("PRAGMA foreign_key_check") == []


def test_what_another_process_committed_is_known_at_once(path, process, store, begin, key):
    """What another process committed is known at once."""
    recorder = begin(store)
    assert recorder.writer.known(key("k"), frozenset()) is None
    child = process(
        path,
        """
        with open_store(Path(sys.argv[1])) as store:
            run = begin(store)
            writer = store.writer(run)
            print(tell(run, writer, 1, sha256(b"k").hexdigest()))
            writer.commit()
        """,
    )
    found = int(child.communicate()[0])
    known = recorder.writer.known(key("k"), frozenset())
    assert known is not None
    assert known[0] == found


def test_a_run_that_another_process_writes_too_is_an_error_and_keeps_its_trials(path, store, begin):
    """A run that another process writes too is an error and keeps its trials."""
    mine = begin(store)
    with open_store(path) as second:
        theirs = second.writer(mine.run)
        mine.propose(1, origin="mine")
        mine.writer.commit()
        recorder = type(mine)(mine.run, theirs)
        recorder.propose(1, origin="theirs")
        with pytest.raises(StoreError, match="is another process running the same run"):
            theirs.commit()
    trial = store.reader.trial(mine.run, 1, 1)
    assert trial is not None
    assert trial.origin == "mine"
