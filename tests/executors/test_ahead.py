"""Requests that a worker has before it has answered the one before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def held(bench: Any, pool: Any, ticket: object = "first", **more: Any) -> Path:
    """Keep a worker busy with a request; return the file that ends that."""
    here, until = bench.folder / f"{ticket}-here", bench.folder / f"{ticket}-until"
    pool.submit(ticket, bench.request("waits", here=str(here), until=str(until), **more))
    bench.until(pool, here.exists)
    return until


@contextmanager
def quick(bench: Any, greeting: str = "ahead", **rules: Any) -> Iterator[Any]:
    """Open a pool of one worker whose requests were short, the last ones on any machine."""
    with bench.pool(greeting, **rules) as pool:
        bench.ask(pool, *(bench.request("good_") for _ in range(30)))
        yield pool


def test_a_worker_goes_on_while_nobody_looks(bench: Any, eventually: Any) -> None:
    """With one request: what comes after it waits for the pool."""
    log = bench.folder / "log"
    with quick(bench) as pool:
        until = held(bench, pool)
        for name in ("next", "last"):
            pool.submit(name, bench.request("logs", name, log=str(log)))
        assert pool.age("next") == 0
        assert pool.room() == 0
        until.touch()
        eventually(lambda: log.exists() and log.read_text().endswith("\n"))
        assert log.read_text().split() == ["next,32"]
        ended = bench.collect(pool, 3)
    assert log.read_text().split() == ["next,32", "last,33"]
    assert {(one.attempts, one.worker, one.fresh) for one in ended.values()} == {(1, 1, False)}


@pytest.mark.parametrize(
    ("greeting", "pause", "more"),
    [("ahead", 0.0, True), ("ahead", 0.2, False), ("good", 0.0, False)],
    ids=["short", "long", "not allowed"],
)
def test_only_after_a_short_request_and_where_the_harness_allows_it(
    bench: Any, greeting: str, pause: float, more: bool
) -> None:
    """Else a request could wait behind a long one, though another worker is idle."""
    with quick(bench, greeting) as pool:
        until = held(bench, pool, "before")
        assert pool.wait(pause) == []
        until.touch()
        bench.collect(pool, 1)
        until = held(bench, pool, then="peeks")
        pool.submit("next", bench.request("good_"))
        until.touch()
        assert bench.collect(pool, 2)["first"].answer.payload["more"] is more


@pytest.mark.parametrize("end", ["exits", "says_it_is_the_last", "crashes", "hangs", "swaps"])
def test_what_a_worker_does_not_begin_costs_no_attempt(bench: Any, end: str) -> None:
    """However the request before it ends the worker."""
    with quick(bench, retries=0, time_limit=2.0) as pool:
        until = held(bench, pool, then=end)
        pool.submit("next", bench.request("good_", "mine"))
        until.touch()
        ended = bench.collect(pool, 2)
    assert (ended["first"].failure is None) == (end == "says_it_is_the_last")
    one = ended["next"]
    assert one.answer.payload["nonce"] == "mine"
    assert (one.attempts, one.worker, one.fresh) == (1, 2, True)


def test_what_is_withdrawn_does_not_hurry_what_runs(bench: Any) -> None:
    """The worker stays, and what it was sent ahead is not told."""
    with quick(bench) as pool:
        until = held(bench, pool)
        pool.submit("next", bench.request("good_"))
        pool.withdraw("next")
        pool.submit("next", bench.request("good_", "mine"))
        assert pool.wait(0.3) == []
        until.touch()
        ended = bench.collect(pool, 2)
    assert (ended["first"].attempts, ended["first"].worker) == (1, 1)
    assert ended["next"].answer.payload["nonce"] == "mine"
    assert bench.reports == []


def test_a_worker_is_given_no_more_requests_than_it_may_have(bench: Any) -> None:
    """Each is answered once, in order."""
    log = bench.folder / "log"
    with bench.pool("ahead", recycle_after=3) as pool:
        asked = [bench.request("logs", n, log=str(log)) for n in range(20)]
        ended = bench.ask(pool, *asked)
    assert [one.answer.payload["nonce"] for one in ended] == list(range(20))
    counts = [int(line.partition(",")[2]) for line in log.read_text().split()]
    assert max(counts) <= 3
    assert [one.fresh for one in ended].count(True) >= 7


def test_workers_are_replaced_no_sooner_than_they_must(bench: Any) -> None:
    """Two answers that are read together do not make requests look shorter than a start."""
    with bench.pool("ahead", recycle_after=300) as pool:
        bench.ask(pool, bench.request("takes"))
        for _ in range(10):
            for ticket in "ab":
                pool.submit(ticket, bench.request("takes"))
            time.sleep(0.06)  # the caller is busy for longer than both take
            ended = bench.collect(pool, 2)
            assert {one.worker for one in ended.values()} == {1}


def test_what_waits_does_not_go_behind_what_runs_for_long(bench: Any) -> None:
    """Though its worker was quick before: another one is quicker."""
    with bench.pool("ahead", workers=2) as pool:
        bench.ask(pool, *(bench.request("good_") for _ in range(60)))
        until = held(bench, pool)
        assert pool.wait(0.2) == []
        bench.ask(pool, *(bench.request("good_", n) for n in range(6)))
        until.touch()
        bench.collect(pool, 1)


def test_what_a_replaced_worker_has_ahead_goes_to_its_successor(bench: Any) -> None:
    """At once, though the other still runs what it had before."""
    with quick(bench) as pool:
        until = held(bench, pool)
        pool.submit("next", bench.request("good_"))
        pool.submit("fresh", bench.request("good_"), fresh=True)
        ended = bench.collect(pool, 2)
        assert {ticket: one.worker for ticket, one in ended.items()} == {"fresh": 2, "next": 2}
        until.touch()
        bench.collect(pool, 1)


def test_a_failure_shows_little_that_others_have_written(bench: Any) -> None:
    """Of what the worker wrote while it had a request ahead, some may be the next one's."""
    with bench.pool("ahead", retries=0) as pool:
        asked = [bench.request("complains", f"of {n}") for n in range(100)]
        *_, failed = bench.ask(pool, *asked, bench.request("crashes"))
    # Two of them, and "the end of its standard error".
    assert failed.failure.message.count("of ") <= 3
