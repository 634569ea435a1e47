"""The run time of a backtest whose answer waits until somebody reads it."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from leanopt_core.executors.jobs import JobQueue
from leanopt_core.executors.worker import Worker
from leanopt_core.work import Answer, Request


class Idle:
    """As much of a worker as the queue looks at."""

    number = requests = 1


@pytest.mark.parametrize(
    ("payload", "unheard", "seconds"),
    [
        ({"seconds": 30}, 50.0, 50.0),  # it ended while somebody listened, or soon before
        ({"seconds": 30}, 90.0, 30.0),  # it had ended long before
        ({"seconds": 30.5}, 0.0, 100.0),
        ({"seconds": 400}, 90.0, 100.0),  # of another clock
        ({"seconds": -1}, 90.0, 100.0),
        ({"seconds": True}, 90.0, 100.0),
        ({"seconds": float("nan")}, 90.0, 100.0),
        ({"seconds": "30"}, 90.0, 100.0),
        ({}, 90.0, 100.0),
    ],
)
def test_an_answer_that_waited_has_not_run_longer(
    payload: dict[str, Any], unheard: float, seconds: float
) -> None:
    """It was sent 100 s ago. Without a run time from the harness, nobody knows how long it ran."""
    queue: JobQueue[str] = JobQueue(retries=0)
    worker = cast("Worker", Idle())
    queue.add("one", Request("{}"))
    job = queue.assign(worker, retry=False)
    assert job is not None
    job.sent_at = job.begun_at = time.monotonic() - 100
    queue.end(worker, Answer(payload), unheard=unheard)
    assert queue.finished[0].seconds == pytest.approx(seconds, abs=5)


@pytest.mark.parametrize(("own", "seconds"), [(30, 30.0), (0.5, 10.0), (400, 100.0)])
def test_what_was_sent_ahead_may_have_begun_before_it_is_known(own: float, seconds: float) -> None:
    """It was sent 100 s ago, and the answer before it was read 10 s ago."""
    queue: JobQueue[str] = JobQueue(retries=0)
    worker = cast("Worker", Idle())
    for ticket in ("one", "two"):
        queue.add(ticket, Request("{}"))
    queue.assign(worker, retry=False)
    job = queue.assign_ahead(worker)
    queue.end(worker, Answer({}))
    assert queue.begin_ahead(worker) is job
    job.sent_at, job.begun_at = time.monotonic() - 100, time.monotonic() - 10
    queue.end(worker, Answer({"seconds": own}))
    assert queue.finished[1].seconds == pytest.approx(seconds, abs=5)
