"""Replace a healthy worker with a fresh one, after a number of requests or growth in memory.

If there is memory for one more, the successor starts while the worker still serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from leanopt_core.executors import tree
from leanopt_core.executors.worker import State, Worker


@frozen
class Recycling:
    """The limits for replacing a worker; `Pool` and `Launch` document the fields."""

    after: int | None
    growth: int | None
    settled_after: int


class Succession:
    """Give workers' slots to fresh ones; the only one who sets `leaving` and `has_successor`.

    `start` begins to start a worker.
    """

    def __init__(self, recycling: Recycling, slots: int, start: Callable[[], None]) -> None:
        self._recycling = recycling
        self._slots = slots
        self._start = start
        #: How long the last start took that ended well, in seconds.
        self.start_seconds = 0.0

    @property
    def weighs(self) -> bool:
        """Whether workers are weighed, which says something between two requests only."""
        return self._recycling.growth is not None

    def replace(self, worker: Worker) -> None:
        """Give the worker's slot to another, which starts now or is on its way already."""
        if not worker.leaving:
            self.precede(worker)
            worker.leaving = True

    def precede(self, worker: Worker) -> None:
        """Start the worker's successor; this one serves until `relieve` names it."""
        # A worker that dies after its successor's start must not get a second one.
        if not worker.has_successor:
            worker.has_successor = True
            self._start()

    def expire(self, worker: Worker) -> None:
        """Replace the worker once a successor is ready, or after its request to make room."""
        if _has_spare_memory(worker):
            self.precede(worker)
        else:
            worker.expires = True

    def before_request(self, worker: Worker) -> None:
        """See to the successor of a worker that gets a request now, if it has few left or none."""
        if self._recycling.after is None:
            return
        left = self._recycling.after - worker.requests
        if left <= 0:
            # This request is its last: the successor starts while it runs.
            self.replace(worker)
        elif (left + 1) * worker.pace <= self.start_seconds and _has_spare_memory(worker):
            # A start takes longer than all that it still may do.
            self.precede(worker)

    def keeps(self, worker: Worker) -> bool:
        """Return whether a worker that has answered may serve on."""
        if worker.leaving or worker.expires:
            return False
        if self._outgrown(worker):
            # It goes before its successor starts, since the two would not fit together.
            if not _has_spare_memory(worker):
                return False
            self.precede(worker)
        return True

    def relieve(self, workers: Iterable[Worker]) -> Worker | None:
        """Replace one of `workers` whose successor serves now, and return it.

        None if there is a slot for every one that serves: one has died since the successor's start.
        """
        serving = [w for w in workers if w.state is State.SERVING and not w.leaving]
        if len(serving) <= self._slots:
            return None
        preceded = (worker for worker in serving if worker.has_successor)
        oldest = min(preceded, key=lambda worker: worker.number, default=None)
        if oldest is not None:
            self.replace(oldest)
        return oldest

    def _outgrown(self, worker: Worker) -> bool:
        """Return whether the worker holds too much more than when it had settled."""
        growth, settled_after = self._recycling.growth, self._recycling.settled_after
        if growth is None or worker.requests < settled_after:
            return False
        return worker.grown() > growth


def _has_spare_memory(worker: Worker) -> bool:
    """Return whether there is memory for a second worker like this one, False if unknown.

    A worker whose memory is known runs on this machine, in a container or not.
    """
    held, free = worker.channel.memory(), tree.available()
    return held is not None and free is not None and held <= free
