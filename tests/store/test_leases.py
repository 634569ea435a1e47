"""Leases: which of the processes at one store runs a backtest.

Each process is a store opened of its own. All belong to this process, which lives.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from leanopt_core.content import hash_file
from leanopt_core.statistics import Statistics
from leanopt_core.store import leases
from leanopt_core.store.answering import Held
from leanopt_core.store.leases import BEYOND, WITHOUT_LIMIT, Wanted
from leanopt_core.store.opened import OpenedSet
from leanopt_core.store.store import open_store
from leanopt_core.store.writer import Mark
from leanopt_core.trial import Score
from leanopt_core.work import Category, Failure, Outcome

NOTHING = frozenset()


class Clock:
    """A clock that tests set."""

    now = 1_700_000_000.0

    def __call__(self):
        """Return the seconds since 1970."""
        return self.now


@pytest.fixture
def clock():
    """A clock that tests set."""
    return Clock()


@pytest.fixture
def come(path, begin, clock):
    """Let a process come that runs a new run: `come(outputs=..., time_limit=...)`."""
    stores = []

    def comes(outputs=NOTHING, time_limit=None):
        stores.append(open_store(path, clock=clock))
        recorder = begin(stores[-1], outputs=outputs)
        recorder.writer.leases.join(
            recorder.run.id, outputs=frozenset(outputs), time_limit=time_limit
        )
        return recorder

    yield comes
    for store in stores:
        store.close()


def wants(recorder, *keys):
    """Ask for leases; return what the commit says of each."""
    return list(recorder.writer.commit([Wanted((key,), -1) for key in keys]).leased)


def test_alone_a_backtest_is_leased_a_tenth_of_a_second_after_it_has_begun(
    come, key, look, monkeypatch
):
    """It is until its outcome is there. One that ends before leaves no trace."""
    now = 1000.0
    monkeypatch.setattr(leases, "time", SimpleNamespace(monotonic=lambda: now))
    mine = come()
    mine.writer.leases.begin([key("a")])
    mine.writer.leases.begin([key("b")])
    mine.writer.commit()
    assert look("SELECT * FROM leases") == []
    mine.backtest(key("b"))
    mine.writer.leases.release([key("b")])
    now += 0.1
    mine.writer.leases.begin([key("c")])
    mine.writer.commit()
    assert [row[0].hex() for row in look("SELECT key FROM leases")] == [key("a")[:32]]
    mine.backtest(key("a"))
    mine.writer.leases.release([key("a")])
    mine.writer.commit()
    assert look("SELECT * FROM leases") == []


def test_only_one_of_two_processes_gets_a_lease(come, key):
    """The other one gets it once the first has given it back without an answer."""
    first, second = come(), come()
    assert wants(first, key("a"), key("b")) == [True, True]
    assert wants(second, key("b"), key("c")) == [False, True]
    assert wants(first, key("c")) == [False]
    assert second.writer.leases.elsewhere([key("x"), key("b")])
    first.writer.leases.release([key("b")])
    first.writer.commit()
    second.writer.leases.look()
    assert not second.writer.leases.elsewhere([key("b")])
    assert wants(second, key("b")) == [True]


def test_who_wants_what_was_stored_meanwhile_gets_the_outcome(come, key):
    """It is looked up again within the commit, so that nothing is run twice."""
    first, second = come(), come()
    assert wants(first, key("a"), key("b")) == [True, True]
    found = first.backtest(key("a"))
    first.backtest(key("b"), Outcome(failure=Failure(Category.TIMEOUT, "too long")))
    first.writer.leases.release([key("a"), key("b")])
    first.writer.commit()
    outcome = Outcome(Statistics({"Sharpe Ratio": 1.5}))
    assert wants(second, key("a"), key("b")) == [{key("a"): (found, outcome)}, True]


def test_a_lease_for_fewer_outputs_does_not_hold_others_up(come, key):
    """One for more does."""
    little, much = come(), come(outputs=["trades"])
    assert wants(little, key("a")) == [True]
    assert wants(much, key("a"), key("b")) == [True, True]
    assert wants(little, key("b")) == [False]


def test_the_first_process_learns_of_the_second_which_waits_for_that(come, key, look):
    """By then, all that the first one runs is leased."""
    first = come()
    first.writer.leases.begin([key("a")])
    assert first.writer.leases.alone
    second = come()
    assert not second.writer.leases.alone
    assert not second.writer.leases.welcome()
    first.writer.commit()
    assert not first.writer.leases.alone
    assert second.writer.leases.welcome()
    assert wants(second, key("a")) == [False]
    assert look("SELECT state FROM processes") == [("sharing",), ("sharing",)]


def test_a_process_that_came_and_went_is_noticed(come, key):
    """Else the first one would run again what that one has stored."""
    first = come()
    second = come()
    found = second.backtest(key("a"))
    second.writer.leases.leave()
    second.writer.finish("finished")
    first.writer.leases.look()
    assert not first.writer.leases.alone
    assert next(iter(wants(first, key("a"))))[key("a")][0] == found


def test_the_leases_of_a_dead_process_are_free(path, process, come, key):
    """As soon as it is dead, though it holds them for ten minutes more."""
    child = process(
        path,
        """
        from leanopt_core.store.leases import Wanted
        with open_store(Path(sys.argv[1])) as store:
            run = begin(store)
            writer = store.writer(run)
            writer.leases.join(run.id, outputs=frozenset(), time_limit=None)
            writer.commit([Wanted((sha256(b"a").hexdigest(),), 0)])
            print("leased", flush=True)
            sys.stdin.read()
        """,
    )
    assert child.stdout.readline() == "leased\n"
    mine = come()
    assert wants(mine, key("a")) == [False]
    child.kill()
    child.wait()
    while mine.writer.leases.elsewhere([key("a")]):
        pass
    assert wants(mine, key("a")) == [True]
    assert wants(come(), key("a")) == [False]


@pytest.mark.parametrize(("time_limit", "patience"), [(None, WITHOUT_LIMIT), (30.0, 30.0 + BEYOND)])
def test_a_lease_counts_for_a_limited_time(come, clock, key, time_limit, patience):
    """The limit is that of the process that holds it."""
    held_up = come(time_limit=time_limit)
    wants(held_up, key("a"))
    clock.now += patience - 1
    early = come(time_limit=5.0)
    assert wants(early, key("a")) == [False]
    clock.now += 2
    late = come(time_limit=5.0)
    assert wants(late, key("a")) == [True]
    assert wants(come(), key("a")) == [False]


def test_a_renewed_lease_counts_from_when_its_backtest_began(come, clock, key):
    """It had waited for a worker before."""
    holder = come(time_limit=30.0)
    wants(holder, key("a"))
    clock.now += 80
    holder.writer.leases.renew([key("a")], 10.0)
    holder.writer.commit()
    clock.now += 79
    assert wants(come(), key("a")) == [False]
    clock.now += 2
    assert wants(come(), key("a")) == [True]


def test_what_two_processes_have_run_is_stored_once(come, clock, key, look):
    """The first outcome stored counts for both, though neither knew."""
    held_up = come(outputs=["returns", "equity", "trades"])
    wants(held_up, key("a"))
    clock.now += WITHOUT_LIMIT + 1
    other = come(outputs=["returns", "equity", "trades"])
    assert wants(other, key("a")) == [True]
    outcome = Outcome(Statistics({"Sharpe Ratio": 2.5}))
    held_up.propose(1)
    mine = held_up.backtest(key("a"), outcome)
    held_up.writer.evaluate(held_up.search_id, 1, 0, mine)
    theirs = other.backtest(key("a"))
    other.writer.commit()
    held_up.writer.leases.release([key("a")])
    done = held_up.writer.commit()
    assert dict(done.replaced) == {mine: (theirs, Outcome(Statistics({"Sharpe Ratio": 1.5})))}
    assert look("SELECT id FROM backtests") == [(theirs,)]
    assert look("SELECT number, backtest_id FROM evaluations") == [(1, theirs)]
    assert len(look("SELECT * FROM leases")) == 1


def test_a_commit_hashes_the_files_that_what_was_stored_meanwhile_had_opened(
    path, begin, key, tmp_path, look
):
    """And remembers the hash, in the transaction of the commit."""
    file = tmp_path / "side.txt"
    file.write_text("1\n")
    opened = [OpenedSet.of(None, {str(file): hash_file(file)})]

    def in_a_minute():
        return time.time() + 60

    with open_store(path, clock=in_a_minute) as one, open_store(path, clock=in_a_minute) as two:
        lender, run = begin(one), begin(two).run
        sets = two.opened(lambda name, state: two.hash_file(Path(name)) == state)
        borrower = two.writer(run, opened=sets)
        borrower.leases.join(run.id, outputs=NOTHING, time_limit=None)
        found = lender.backtest(key("a"), opened=opened)
        lender.writer.commit()
        (answer,) = borrower.commit([Wanted((key("a"),), -1)]).leased
        assert answer[key("a")][0] == found
    assert look("SELECT path FROM file_hashes") == [(str(file),)]


def borrowing(come, clock, key):
    """Return a lender, and a borrower that has told a trial of a backtest that is not checked."""
    lender, borrower = come(), come()
    clock.now += 10
    found = lender.backtest(key("a"), held=Held.UNCHECKED)
    lender.writer.commit()
    assert borrower.writer.known(key("a"), NOTHING)[0] == found
    borrower.propose(1)
    borrower.writer.evaluate(borrower.search_id, 1, 0, found)
    borrower.writer.tell(borrower.search_id, 1, Score(1.0, 1.0))
    borrower.writer.commit()
    return lender, borrower


def test_an_unchecked_backtest_answers_a_run_beside_it_until_a_check(come, clock, key):
    """The next check of the one that uses it says as much of it as one of its own run."""
    joined = Mark(0)
    _, borrower = borrowing(come, clock, key)
    assert borrower.writer.unconfirmed
    borrower.writer.confirm(joined, clock.now + 1)
    assert borrower.writer.unconfirmed, "that check began before"
    clock.now -= 3600
    borrower.writer.confirm(borrower.writer.mark, clock.now)
    assert not borrower.writer.unconfirmed
    assert borrower.writer.disown().trials == 0


def test_a_lender_disowns_what_a_dead_run_had_borrowed(come, clock, key, store):
    """The dead run's trials since are taken back when it is resumed, and made again."""
    lender, borrower = borrowing(come, clock, key)
    borrower.propose(2)
    borrower.writer.commit()
    assert store.runs.take_back(borrower.run.id).trials == 0
    assert lender.writer.disown().backtests == 1
    assert store.runs.take_back(lender.run.id).trials == 0
    assert store.runs.take_back(borrower.run.id).trials == 1
    resumed = store.runs.resume(borrower.run.id)
    assert (resumed.searches[0].told, resumed.searches[0].proposed) == (0, 0)
    assert store.writer(resumed).known(key("a"), NOTHING) is None
    assert store.runs.take_back(borrower.run.id).trials == 0


def test_what_was_borrowed_is_given_up_where_a_check_finds_a_change(come, clock, key):
    """The trials told since are taken back, as those with its own backtests are."""
    lender, borrower = borrowing(come, clock, key)
    assert borrower.writer.disown().trials == 1
    assert not lender.writer.misled


def test_a_run_whose_backtests_were_borrowed_can_disown_them(come, clock, key):
    """Then the other one has been misled, and takes its trials back."""
    lender, borrower = borrowing(come, clock, key)
    assert not borrower.writer.misled
    assert lender.writer.disown().backtests == 1
    assert borrower.writer.misled
    assert borrower.writer.disown().trials == 1


def test_a_resumed_run_takes_its_own_leases_back(path, come, key, store):
    """Its lock says that the process that had it is dead, wherever that was."""
    before = come()
    wants(before, key("a"))
    again = store.writer(before.run)
    again.leases.join(before.run.id, outputs=NOTHING, time_limit=None)
    assert again.leases.alone
    assert again.commit([Wanted((key("a"),), 0)]).leased == [True]


def test_a_deleted_run_leaves_no_lease(come, key, look, store):
    """Nor the process."""
    recorder = come()
    wants(recorder, key("a"))
    store.runs.delete(recorder.run.id)
    assert look("SELECT * FROM leases") == look("SELECT * FROM processes") == []
