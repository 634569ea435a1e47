"""When a worker is replaced that works well: after so many requests, or grown by so much.

Where there is memory for one more, its successor is started while it still serves.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TypeVar

from attrs import frozen

from leanopt_core.executors import tree
from leanopt_core.executors.crew import Crew
from leanopt_core.executors.worker import Worker

T = TypeVar("T", bound=Hashable)

# Between two looks at a worker's memory, in seconds.
_WEIGHING = 0.25


@frozen
class Recycling:
    """The rules of one pool: `Pool` and `Launch` say what each means."""

    after: int | None
    growth: int | None
    settled_after: int

    def sent(self, crew: Crew[T], worker: Worker[T]) -> None:
        """Learn that a worker has been sent its next request, and see to its successor."""
        if self.after is None:
            return
        left = self.after - worker.given
        if left <= 0:
            crew.replace(worker)
        elif (left + 1) * worker.pace <= crew.start_took and _spare(worker):
            # What it still may do takes no longer than the start of another.
            crew.precede(worker)

    def stays(self, crew: Crew[T], worker: Worker[T]) -> bool:
        """Return whether a worker that has answered may serve on."""
        if worker.leaving:
            return False
        if self._grown(worker):
            if not _spare(worker):
                return False
            crew.precede(worker)
        return True

    def _grown(self, worker: Worker[T]) -> bool:
        """Say whether a worker holds too much more than when it had settled."""
        now = time.monotonic()
        settled = worker.given >= self.settled_after
        if self.growth is None or not settled or now < worker.weigh_at:
            return False
        worker.weigh_at = now + _WEIGHING
        weight = worker.channel.memory()
        if worker.weight is None or weight is None:
            worker.weight = weight
            return False
        return weight - worker.weight > self.growth


def _spare(worker: Worker[T]) -> bool:
    """Say whether there is memory for another worker like this one: not where that is unknown.

    A worker whose memory is known is on this machine, in a container or not.
    """
    held, free = worker.channel.memory(), tree.available()
    return held is not None and free is not None and held <= free
