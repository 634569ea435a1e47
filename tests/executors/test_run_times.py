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
    job.sent_at = time.monotonic() - 100
    queue.end(worker, Answer(payload), unheard=unheard)
    assert queue.finished[0].seconds == pytest.approx(seconds, abs=5)
