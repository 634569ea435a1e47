"""Every way to break the protocol has one outcome, and none reaches another request."""

from __future__ import annotations

from typing import Any

import pytest

from leanopt_core.errors import ExecutorError, LeanoptError, StrategyError
from leanopt_core.work import Category

ENGINE, DIED, TIMEOUT = Category.ENGINE, Category.DIED, Category.TIMEOUT
MIB = 2**20

# What the request asks for, and what becomes of it: it is answered (None), or fails like this.
OUTCOMES: dict[str, tuple[Category | None, str]] = {
    "good_": (None, ""),
    "split": (None, ""),
    "prints": (None, ""),
    "error": (None, ""),
    "twice": (None, ""),
    "twice_late": (None, ""),
    "ahead": (None, ""),
    "dies_after": (None, ""),
    "closes_input": (None, ""),
    "wrong_id": (ENGINE, 'the harness answered "no such", but the request was "'),
    "wrong_then_right": (ENGINE, 'the harness answered "no such", but the request was "'),
    "counted_id": (ENGINE, "the harness answered "),
    "null_id": (ENGINE, "the harness answered null"),
    "earlier_id": (ENGINE, "the harness answered "),
    "not_utf8": (ENGINE, 'the harness sent an answer that cannot be parsed: {"id"'),
    "not_json": (ENGINE, 'the harness sent an answer that cannot be parsed: {"id"'),
    "status": (ENGINE, 'the harness answered with status "perhaps"'),
    "half": (DIED, "exit code 0"),
    "exits": (DIED, "exit code 3\nthe end of its standard error:\nabout to go"),
    "crashes": (DIED, "signal 11 (SIGSEGV)"),
    "closes_output": (DIED, "it closed its input or output and went on running"),
    "closes_all": (DIED, "it closed its input or output and went on running"),
}


@pytest.mark.alike(11)
@pytest.mark.parametrize("fault", OUTCOMES)
def test_each_fault_has_its_outcome(bench: Any, fault: str) -> None:
    """Answered or failed as the table says; neighbours get their own answers."""
    category, message = OUTCOMES[fault]
    with bench.pool(retries=1) as pool:
        before, bad, *after = bench.ask(
            pool,
            bench.request("good_", "before"),
            bench.request(fault, "bad"),
            bench.request("good_", "after"),
            bench.request("good_", "last"),
        )
    if category is None:
        assert bad.failure is None
        assert bad.answer.payload["nonce"] == "bad"
        assert bad.attempts == 1
    else:
        assert bad.answer is None
        assert bad.failure.category is category
        assert bad.failure.message.startswith(message)
        assert bad.attempts == 2
    assert before.answer.payload["nonce"] == "before"
    assert [one.answer.payload["nonce"] for one in after] == ["after", "last"]


RETRIED = ("wrong_id", "not_json", "exits", "crashes", "closes_output")


@pytest.mark.alike(2)
@pytest.mark.parametrize("fault", RETRIED)
def test_a_fresh_worker_gets_what_a_broken_one_lost(bench: Any, fault: str) -> None:
    """What misbehaves once is answered at the second attempt, by another worker."""
    with bench.pool(retries=1) as pool:
        first, again = bench.ask(
            pool,
            bench.request("good_", "first"),
            bench.request(fault, "again", once=bench.once()),
        )
    assert first.answer.payload["nonce"] == "first"
    assert again.answer.payload["nonce"] == "again"
    assert again.attempts == 2
    assert again.worker != first.worker


@pytest.mark.long
@pytest.mark.parametrize("fault", ["list_only", "hangs", "stops", "answers_late"])
def test_what_is_not_answered_in_time_is_a_timeout_and_not_retried(bench: Any, fault: str) -> None:
    """A late answer reaches nobody."""
    with bench.pool(retries=3, time_limit=1.0) as pool:
        bad, after = bench.ask(pool, bench.request(fault, "bad"), bench.request("good_", "after"))
    assert bad.failure.category is TIMEOUT
    assert bad.failure.message.startswith("it ran for longer than 1 s")
    assert bad.attempts == 1
    assert bad.seconds >= 1.0
    assert after.answer.payload["nonce"] == "after"
    assert after.worker != bad.worker


@pytest.mark.parametrize(("fault", "constant"), [("nan", "NaN"), ("infinity", "-Infinity")])
def test_an_answer_without_numbers_is_no_result(bench: Any, fault: str, constant: str) -> None:
    """NaN and infinity do not travel; the worker stays."""
    with bench.pool() as pool:
        bad, after = bench.ask(pool, bench.request(fault, 1), bench.request("good_", 2))
    assert bad.answer.payload["status"] == "error"
    assert bad.answer.payload["category"] == "no result"
    assert bad.answer.payload["message"] == f"the answer contains {constant}, which is not JSON"
    assert after.answer.payload["nonce"] == 2
    assert after.worker == bad.worker


def test_prints_among_the_answers_are_reported_once(bench: Any) -> None:
    """They harm nothing, and the user learns of them."""
    with bench.pool() as pool:
        bench.ask(pool, bench.request("prints"), bench.request("prints"))
    (report,) = bench.reports
    assert report.splitlines() == [
        "a harness wrote more than its answers",
        "lines on its standard output that were no answers: 5, the first: hello",
    ]


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("fault", ["long_print", "long_answer"])
def test_a_line_of_100_mb_is_read(bench: Any, fault: str) -> None:
    """As a print it is passed over, as an answer taken."""
    with bench.pool() as pool:
        long, after = bench.ask(pool, bench.request(fault, 1), bench.request("good_", 2))
    assert long.answer.payload["nonce"] == 1
    assert len(long.answer.payload.get("filling", "")) in (0, 100 * MIB)
    assert after.answer.payload["nonce"] == 2


@pytest.mark.alike(1)
@pytest.mark.parametrize("fault", ["long_print", "long_answer"])
def test_a_line_over_the_limit_breaks_the_protocol(bench: Any, fault: str) -> None:
    """Memory is bounded, whatever the line would have been."""
    with bench.pool(line_limit=MIB, retries=0) as pool:
        long, after = bench.ask(pool, bench.request(fault, 1), bench.request("good_", 2))
    assert long.failure.category is ENGINE
    assert long.failure.message == f"the harness sent a line of more than {MIB} bytes"
    assert after.answer.payload["nonce"] == 2


def test_an_answer_before_the_request_was_sent_in_full_counts_for_nothing(bench: Any) -> None:
    """It cannot be an answer to what was not read."""
    with bench.pool("eager", retries=1) as pool:
        (early,) = bench.ask(pool, bench.request("good_", "x" * 4 * MIB))
    assert early.failure.category is ENGINE
    assert early.failure.message == "the harness answered before it was asked in full"


def test_a_long_request_arrives_in_full(bench: Any) -> None:
    """What a pipe does not take at once is sent when there is room."""
    with bench.pool() as pool:
        (one,) = bench.ask(pool, bench.request("echo", "x" * 4 * MIB))
    assert one.failure is None
    assert one.answer.payload["request"]["nonce"] == "x" * 4 * MIB


def test_a_harness_of_the_base_form_is_known_by_its_error(bench: Any) -> None:
    """It cannot say an identity, and none is asked of it."""
    with bench.pool("base", time_limit=60.0, identity="what it cannot say") as pool:
        request = bench.request("", config_path="/nowhere")
        (one,) = bench.ask(pool, request)
        assert pool.hello.protocol == 0
    # It is told no time limit, which it would not understand.
    assert one.answer.payload["members"] == ["config_path", "do", "id", "nonce"]


def test_what_a_hello_says_is_kept_and_the_time_limit_told(bench: Any) -> None:
    """A harness of the full form knows its limit."""
    with bench.pool("identity=abc", identity="abc", time_limit=60.0) as pool:
        (one,) = bench.ask(pool, bench.request("echo"))
        assert (pool.hello.protocol, pool.hello.engine) == (1, "test")
        assert pool.hello.abilities == {"inline"}
    assert one.answer.payload["request"]["time_limit"] == 60.0


REFUSED: dict[str, tuple[type[LeanoptError], str]] = {
    "silent": (
        ExecutorError,
        "no worker can be started: it said no hello within 0.25 s (executor.start_limit)",
    ),
    "exit": (
        ExecutorError,
        "no worker can be started: exit code 5\nthe end of its standard error:\ncannot import",
    ),
    "empty": (ExecutorError, "no worker can be started: the harness answered the hello with null"),
    "protocol=2": (
        ExecutorError,
        "no worker can be started: the harness speaks protocol 2, leanopt up to 1",
    ),
    "identity=other": (StrategyError, "strategy files changed during the run; run again"),
    "fault=IndexError: x": (StrategyError, "IndexError: x"),
}


@pytest.mark.alike(2)
@pytest.mark.parametrize("greeting", REFUSED)
def test_a_hello_that_ends_the_run(bench: Any, greeting: str) -> None:
    """No worker that speaks so can answer anything."""
    kind, message = REFUSED[greeting]
    limit = 0.25 if greeting == "silent" else 60.0
    with bench.pool(greeting, identity="mine", start_limit=limit) as pool:
        pool.submit(1, bench.request("good_"))
        with pytest.raises(kind) as caught:
            bench.collect(pool, 1)
    assert str(caught.value).startswith(message)


@pytest.mark.long
def test_workers_that_die_before_any_work_end_the_run(bench: Any) -> None:
    """They are not replaced for ever."""
    with bench.pool("exit-after", workers=2) as pool, pytest.raises(ExecutorError) as caught:
        bench.until(pool, lambda: False)
    assert str(caught.value) == "no worker can be started: exit code 6"


def test_workers_that_die_at_once_of_any_work_fail_it(bench: Any) -> None:
    """Either the request was sent, and fails, or there is no worker."""
    with bench.pool("exit-after", retries=1) as pool:
        pool.submit(1, bench.request("good_"))
        try:
            (one,) = bench.collect(pool, 1).values()
        except ExecutorError as error:  # each was gone before the request could be sent
            told = str(error)
        else:
            told = f"{one.failure.category}: {one.failure.message}"
    assert told in ("no worker can be started: exit code 6", "worker died: exit code 6")


def test_a_worker_that_says_that_it_ends_costs_no_request_an_attempt(bench: Any) -> None:
    """It gets nothing more; why it was replaced is reported once."""
    with bench.pool(retries=0, workers=2) as pool:
        asked = [bench.request("says_it_is_the_last", nonce) for nonce in range(6)]
        ended = bench.ask(pool, *asked)
    assert [one.answer.payload["nonce"] for one in ended] == list(range(6))
    assert [one.attempts for one in ended] == [1] * 6
    assert bench.reports == ["a worker was replaced: no threads left"]


def test_one_failed_start_is_told_and_made_good(bench: Any) -> None:
    """The slot does not stay empty."""
    with bench.pool(f"once={bench.once()}", workers=2) as pool:
        both = bench.ask(pool, bench.request("good_", 1), bench.request("good_", 2))
        assert [one.answer.payload["nonce"] for one in both] == [1, 2]
        # The slot that lost its worker gets another: both serve at the same time in the end.
        here = [bench.folder / "here1", bench.folder / "here2"]
        until = bench.folder / "until"
        for path in here:
            pool.submit(path, bench.request("waits", here=str(path), until=str(until)))
        bench.until(pool, lambda: all(path.exists() for path in here))
        until.touch()
        bench.collect(pool, 2)
    assert bench.reports == ["a worker could not be started: exit code 7"]


def test_a_command_that_is_not_there(bench: Any) -> None:
    """The message says which."""
    from leanopt_core.executors.pool import Pool
    from leanopt_core.work import Launch

    launch = Launch(("/no/such/program",))
    with Pool(bench.executor, launch, workers=1) as pool, pytest.raises(ExecutorError) as caught:
        bench.collect(pool, 1)
    assert "cannot start '/no/such/program': No such file or directory" in str(caught.value)
