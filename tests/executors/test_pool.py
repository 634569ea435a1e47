"""The pool as its caller sees it: order, room, withdrawing, waking, recycling, closing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leanopt_core.work import Request

MIB = 2**20


def pids(finished: Any) -> list[int]:
    """Return the processes that answered."""
    return [one.answer.payload["pid"] for one in finished]


def test_requests_are_sent_in_the_order_of_submission(bench: Any) -> None:
    """One worker has them one after the other."""
    log = bench.folder / "log"
    with bench.pool() as pool:
        bench.ask(pool, *(bench.request("logs", n, log=str(log)) for n in range(30)))
    assert log.read_text().split() == [f"{n},{n + 1}" for n in range(30)]


def test_workers_work_side_by_side(bench: Any) -> None:
    """All are busy at the same moment."""
    here = [bench.folder / f"here{n}" for n in range(3)]
    until = bench.folder / "until"
    with bench.pool(workers=3) as pool:
        for path in here:
            pool.submit(path, bench.request("waits", here=str(path), until=str(until)))
        bench.until(pool, lambda: all(path.exists() for path in here))
        until.touch()
        assert {one.worker for one in bench.collect(pool, 3).values()} == {1, 2, 3}


def test_room_and_idle_slots(bench: Any) -> None:
    """Counted by what is outstanding; there is room from the first hello on."""
    here, until = bench.folder / "here", bench.folder / "until"
    with bench.pool(workers=2) as pool:
        assert (pool.idle(), pool.room()) == (2, 0)
        bench.until(pool, lambda: pool.hello)
        assert (pool.idle(), pool.room()) == (2, 4)
        pool.submit("long", bench.request("waits", here=str(here), until=str(until)))
        assert (pool.idle(), pool.room()) == (1, 3)
        bench.until(pool, here.exists)
        for n in range(4):
            pool.submit(n, bench.request("good_"))
        assert (pool.idle(), pool.room()) == (0, 0)
        bench.collect(pool, 4)
        assert (pool.idle(), pool.room()) == (1, 3)
        until.touch()
        bench.collect(pool, 1)
        assert (pool.idle(), pool.room()) == (2, 4)


def test_a_poll_gives_workers_what_waits(bench: Any, eventually: Any) -> None:
    """The next request is on its way, and `wait` returns the first answer; not before its time."""
    here, until = bench.folder / "here", bench.folder / "until"
    with bench.pool() as pool:
        bench.until(pool, lambda: pool.hello)
        pool.submit("first", bench.request("good_"))
        pool.submit("next", bench.request("waits", here=str(here), until=str(until)))
        pool.poll(after=3600)
        assert not here.exists()
        eventually(lambda: pool.poll(after=0) or here.exists())
        assert set(bench.collect(pool, 1)) == {"first"}
        until.touch()
        assert set(bench.collect(pool, 1)) == {"next"}


def test_a_fresh_worker_takes_the_place_of_an_idle_one(bench: Any) -> None:
    """At once; the next requests are its own."""
    with bench.pool() as pool:
        first = bench.ask(pool, bench.request("pid"))
        pool.submit("fresh", bench.request("pid"), fresh=True)
        pool.submit("after", bench.request("pid"))
        ended = bench.collect(pool, 2)
    assert (first[0].fresh, ended["fresh"].fresh, ended["after"].fresh) == (True, True, False)
    assert pids([ended["fresh"]]) == pids([ended["after"]]) != pids(first)


def test_a_busy_worker_serves_until_the_fresh_one_is_ready(bench: Any) -> None:
    """Where there is memory for both; the next requests are the fresh one's."""
    here, until = bench.folder / "here", bench.folder / "until"
    with bench.pool() as pool:
        first = bench.ask(pool, bench.request("pid"))
        pool.submit("before", bench.request("waits", here=str(here), until=str(until)))
        pool.submit("fresh", bench.request("pid"), fresh=True)
        ended = bench.collect(pool, 1)
        until.touch()
        pool.submit("after", bench.request("pid"))
        ended |= bench.collect(pool, 2)
    assert (ended["fresh"].fresh, ended["after"].fresh) == (True, False)
    assert pids([ended["fresh"]]) == pids([ended["after"]]) != pids(first)


def test_a_worker_that_has_run_nothing_is_fresh(bench: Any) -> None:
    """So that none has to be started."""
    with bench.pool(workers=2) as pool:
        bench.until(pool, lambda: pool.hello)
        pool.submit("fresh", bench.request("good_"), fresh=True)
        assert bench.collect(pool, 1)["fresh"].worker <= 2


def test_a_ticket_that_is_in_use_is_refused(bench: Any) -> None:
    """It is free again once its end was told."""
    with bench.pool() as pool:
        pool.submit("a", bench.request("good_"))
        with pytest.raises(ValueError, match="ticket 'a' is already in use"):
            pool.submit("a", bench.request("good_"))
        bench.collect(pool, 1)
        pool.submit("a", bench.request("good_", "again"))
        assert bench.collect(pool, 1)["a"].answer.payload["nonce"] == "again"


def test_a_strategy_s_own_error_is_an_answer(bench: Any) -> None:
    """It is not retried, and the worker stays."""
    with bench.pool(retries=5) as pool:
        one, after = bench.ask(pool, bench.request("error", 1), bench.request("good_", 2))
    assert one.answer.payload["status"] == "error"
    assert one.answer.payload["message"] == "no data"
    assert (one.attempts, one.worker) == (1, after.worker)


@pytest.mark.alike(1)
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_bounded_and_each_on_a_fresh_worker(bench: Any, retries: int) -> None:
    """Every attempt is the first request of its worker."""
    log, until = bench.folder / "log", bench.folder / "until"
    with bench.pool(workers=2, retries=retries) as pool:
        for path in (bench.folder / "here1", bench.folder / "here2"):
            pool.submit(path, bench.request("waits", here=str(path), until=str(until)))
            bench.until(pool, path.exists)
        until.touch()
        bench.collect(pool, 2)
        # Both have worked now, and one stays idle beside the request that fails.
        (bad,) = bench.ask(pool, bench.request("logs", log=str(log), then="exits"))
    assert bad.attempts == retries + 1
    assert log.read_text().split() == ["None,2"] + ["None,1"] * retries


def test_the_age_of_a_request_counts_from_when_a_worker_got_it(bench: Any) -> None:
    """It is 0 before, and for what has ended."""
    here, until = bench.folder / "here", bench.folder / "until"
    with bench.pool(workers=1) as pool:
        pool.submit("runs", bench.request("waits", here=str(here), until=str(until)))
        pool.submit("waits", bench.request("good_"))
        bench.until(pool, here.exists)
        assert pool.age("runs") > 0
        assert pool.age("waits") == 0
        until.touch()
        bench.collect(pool, 2)
        assert pool.age("runs") == 0


def test_a_withdrawn_request_is_not_told(bench: Any) -> None:
    """Whether it runs or waits; its ticket is free at once."""
    here = bench.folder / "here"
    with bench.pool() as pool:
        pool.submit("runs", bench.request("waits", here=str(here), until="/never"))
        pool.submit("waits", bench.request("good_"))
        pool.submit("last", bench.request("good_", "mine"))
        bench.until(pool, here.exists)
        pool.withdraw("waits")
        pool.withdraw("runs")
        pool.withdraw("unknown")
        pool.submit("runs", bench.request("good_", "the second"))
        finished = bench.collect(pool, 2)
    assert {t: one.answer.payload["nonce"] for t, one in finished.items()} == {
        "last": "mine",
        "runs": "the second",
    }
    assert bench.reports == []


def test_a_finished_request_can_be_withdrawn_too(bench: Any) -> None:
    """Its answer is dropped if it was not collected."""
    with bench.pool() as pool:
        pool.submit(1, bench.request("good_"))
        pool.submit(2, bench.request("good_"))
        told = set()
        while not told:
            told = {one.ticket for one in pool.wait(30)}
        other = 3 - told.pop()
        pool.withdraw(other)
        bench.until(pool, lambda: (pool.idle(), pool.room()) == (1, 2))


@contextmanager
def slow_to_start(bench: Any) -> Iterator[Any]:
    """Open a pool of one worker that took a second to start, and is ready."""
    gate = bench.folder / "gate"
    with bench.pool(f"after={gate}") as pool:
        assert pool.wait(1.0) == []
        gate.touch()
        bench.until(pool, lambda: pool.hello)
        yield pool


def test_a_withdrawn_request_does_not_cost_its_worker(bench: Any) -> None:
    """It may be finished meanwhile, in its slot; what it leaves is removed, and nobody told."""
    here, until = bench.folder / "here", bench.folder / "until"
    told = bench.request("waits", here=str(here), until=str(until)).payload
    with slow_to_start(bench) as pool:
        before = pids(bench.ask(pool, bench.request("pid")))
        pool.submit("runs", Request(told, files={"note": ""}))
        bench.until(pool, here.exists)
        assert len(list((bench.folder / ".leanopt").rglob("note"))) == 1
        pool.withdraw("runs")
        assert (pool.idle(), pool.room()) == (0, 1)
        until.touch()
        assert pids(bench.ask(pool, bench.request("pid"))) == before
        assert (pool.idle(), pool.room()) == (1, 2)
        assert list((bench.folder / ".leanopt").rglob("note")) == []
    assert bench.reports == []


def test_a_withdrawn_request_that_takes_longer_than_a_start_costs_its_worker(bench: Any) -> None:
    """Then another is there as soon."""
    here = bench.folder / "here"
    with bench.pool() as pool:
        before = pids(bench.ask(pool, bench.request("pid")))
        pool.submit(1, bench.request("touches", here=str(here), then="hangs"))
        bench.until(pool, here.exists)
        pool.withdraw(1)
        assert pids(bench.ask(pool, bench.request("pid"))) != before
        assert (pool.idle(), pool.room()) == (1, 2)
    assert bench.reports == []


def test_a_withdrawn_request_whose_worker_dies_is_not_retried(bench: Any) -> None:
    """Nobody waits for it, and nobody is told."""
    here, until = bench.folder / "here", bench.folder / "until"
    log = bench.folder / "log"
    with slow_to_start(bench) as pool:
        pool.submit(1, bench.request("waits", here=str(here), until=str(until), then="exits"))
        bench.until(pool, here.exists)
        pool.withdraw(1)
        until.touch()
        bench.ask(pool, *(bench.request("logs", n, log=str(log)) for n in range(2)))
    assert log.read_text().split() == ["0,1", "1,2"]
    assert bench.reports == []


def test_close_waits_for_no_withdrawn_request(bench: Any) -> None:
    """Though it had time left."""
    here = bench.folder / "here"
    with slow_to_start(bench) as pool:
        pool.submit(1, bench.request("touches", here=str(here), then="forks_and_hangs"))
        bench.until(pool, here.exists)
        pool.withdraw(1)
        pool.close()
        assert bench.left() == []


def test_wait_comes_back_empty_after_its_time(bench: Any) -> None:
    """Zero looks once, and does not wait."""
    with bench.pool() as pool:
        assert pool.wait(0) == []
        assert pool.wait(0.05) == []


def test_wake_from_another_thread(bench: Any) -> None:
    """The wait has no limit, and ends."""
    with bench.pool() as pool:
        thread = threading.Thread(target=pool.wake)
        thread.start()
        assert pool.wait() == []
        thread.join()


def test_wake_before_the_wait_is_not_lost(bench: Any) -> None:
    """The next wait returns at once."""
    with bench.pool() as pool:
        pool.wake()
        assert pool.wait() == []


def test_wake_from_a_signal_handler(bench: Any) -> None:
    """Ctrl-C reaches a loop that waits."""
    before = signal.getsignal(signal.SIGUSR1)
    with bench.pool() as pool:
        signal.signal(signal.SIGUSR1, lambda *_: pool.wake())
        try:
            sender = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1))
            sender.start()
            assert pool.wait() == []
            sender.join()
        finally:
            signal.signal(signal.SIGUSR1, before)
    pool.wake()  # after the end it does nothing


def test_a_worker_is_replaced_after_so_many_requests(bench: Any) -> None:
    """Never after more; its successor may be ready earlier."""
    with bench.pool(recycle_after=3) as pool:
        had = pids(bench.ask(pool, *(bench.request("pid") for _ in range(20))))
    counts = [had.count(pid) for pid in dict.fromkeys(had)]
    assert len(counts) >= 7
    assert max(counts) <= 3
    assert had == sorted(had, key=list(dict.fromkeys(had)).index)


@pytest.mark.parametrize("own", [True, False])
def test_a_worker_is_replaced_when_it_has_grown(bench: Any, own: bool) -> None:
    """By what it holds more than after its first request; the engine says by how much, or you."""
    launched = {"recycle_growth": 1 if own else 48 * MIB}
    with bench.pool(launched=launched, **({"recycle_growth": 48 * MIB} if own else {})) as pool:
        first, grown = pids(
            bench.ask(pool, bench.request("pid"), bench.request("grows", grow=64 * MIB))
        )
        assert first == grown
        pid = first
        for _ in range(100_000):
            (pid,) = pids(bench.ask(pool, bench.request("pid")))
            if pid != first:
                break
        assert pid != first
        # The next one holds little, and stays.
        assert set(pids(bench.ask(pool, *(bench.request("pid") for _ in range(500))))) == {pid}


def test_growth_counts_from_when_a_worker_has_settled(bench: Any) -> None:
    """What its first requests take is what it needs."""
    launched = {"recycle_growth": 48 * MIB, "settled_after": 3}
    grows = bench.request("grows", grow=64 * MIB)
    with bench.pool(launched=launched) as pool:
        settling = bench.ask(pool, grows, grows, grows, bench.request("pid"))
        had = pids([*settling, *bench.ask(pool, *(bench.request("pid") for _ in range(5000)))])
        assert len(set(had)) == 1
        pid = had[0]
        bench.ask(pool, grows)
        while pid == had[0]:
            (pid,) = pids(bench.ask(pool, bench.request("pid")))


def test_a_grown_worker_serves_until_its_successor_is_ready(bench: Any) -> None:
    """Its slot is never empty; then it goes, though it is idle."""
    gate = bench.folder / "gate"
    gate.touch()
    with bench.pool(f"after={gate}", recycle_growth=48 * MIB) as pool:
        (first,) = pids(bench.ask(pool, bench.request("pid")))
        gate.unlink()
        bench.ask(pool, bench.request("grows", grow=64 * MIB))
        while len(bench.left()) < 4:  # a worker is a guard and a harness
            assert pids(bench.ask(pool, bench.request("pid"))) == [first]
        assert pids(bench.ask(pool, *(bench.request("pid") for _ in range(9)))) == [first] * 9
        assert (pool.idle(), pool.room()) == (1, 2)
        gate.touch()
        bench.until(pool, lambda: len(bench.left()) == 2)
        assert pids(bench.ask(pool, bench.request("pid"))) != [first]
        assert (pool.idle(), pool.room()) == (1, 2)
    assert bench.reports == []


def test_a_worker_that_dies_before_its_successor_is_ready_gets_no_second_one(bench: Any) -> None:
    """The one that is on its way takes the slot."""
    gate = bench.folder / "gate"
    gate.touch()
    with bench.pool(f"after={gate}", recycle_growth=48 * MIB) as pool:
        (first,) = pids(bench.ask(pool, bench.request("pid")))
        gate.unlink()
        bench.ask(pool, bench.request("grows", grow=64 * MIB))
        while len(bench.left()) < 4:
            bench.ask(pool, bench.request("pid"))
        os.kill(first, signal.SIGKILL)
        bench.until(pool, lambda: bench.reports)
        gate.touch()
        (after,) = bench.ask(pool, bench.request("pid"))
        assert after.worker == 2
        assert len(bench.left()) == 2


def test_a_worker_that_dies_between_requests_is_replaced(bench: Any, eventually: Any) -> None:
    """No request loses an attempt by it."""
    with bench.pool() as pool:
        (one,) = bench.ask(pool, bench.request("pid"))
        os.kill(one.answer.payload["pid"], signal.SIGKILL)
        bench.until(pool, lambda: bench.reports)
        (again,) = bench.ask(pool, bench.request("good_", "again"))
    assert again.answer.payload["nonce"] == "again"
    assert again.attempts == 1
    assert bench.reports == ["an idle worker had to be replaced: signal 9 (SIGKILL)"]


def test_close_while_workers_are_being_started(bench: Any) -> None:
    """Those that arrive late are ended too; a second close does nothing."""
    pool = bench.pool(workers=4)
    pool.start()
    pool.close()
    pool.close()
    assert bench.left() == []


def test_close_while_workers_say_no_hello(bench: Any, eventually: Any) -> None:
    """Guards and harnesses go."""
    pool = bench.pool("silent", workers=4)
    pool.start()
    eventually(lambda: pool.wait(0.01) or len(bench.left()) == 8)
    pool.close()
    assert bench.left() == []


@pytest.mark.alike(1)
@pytest.mark.parametrize("deed", ["hangs", "forks_and_hangs", "stops", "waits", "closes_all"])
def test_close_leaves_no_process(bench: Any, deed: str) -> None:
    """Whatever the workers are doing, with their offspring."""
    here = [bench.folder / f"here{n}" for n in range(4)]
    pool = bench.pool(workers=4)
    pool.start()
    for path in here:
        pool.submit(path, bench.request("touches", here=str(path), then=deed, until="/never"))
    bench.until(pool, lambda: all(path.exists() for path in here))
    pool.close()
    assert bench.left() == []


def test_close_before_the_start(bench: Any) -> None:
    """There is nothing to end."""
    pool = bench.pool()
    pool.close()
    assert bench.left() == []
