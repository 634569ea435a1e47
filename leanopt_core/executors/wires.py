"""The descriptors of all workers under one selector; what does not fit at once is sent later."""

from __future__ import annotations

import selectors
from collections.abc import Hashable
from typing import Generic, TypeVar

from leanopt_core.executors.alarm import Alarm
from leanopt_core.executors.base import Chunk
from leanopt_core.executors.worker import Worker

T = TypeVar("T", bound=Hashable)

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Wires(Generic[T]):
    """Reads from and writes to workers; keeps their `open` and `unsent`."""

    def __init__(self, alarm: Alarm) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(alarm, READ)

    def attach(self, worker: Worker[T]) -> None:
        """Watch what a worker writes."""
        for descriptor in worker.open:
            self._selector.register(descriptor, READ, worker)

    def detach(self, worker: Worker[T]) -> None:
        """Watch and send nothing any more."""
        self.mute(worker)
        for descriptor in worker.open:
            self._selector.unregister(descriptor)
        worker.open.clear()

    def wait(self, pause: float) -> list[tuple[Worker[T] | None, int, int]]:
        """Return what is ready within `pause` seconds: whose (None: the alarm), which, for what."""
        ready = self._selector.select(max(0.0, pause))
        return [(key.data, key.fd, events) for key, events in ready]

    def read(self, worker: Worker[T], descriptor: int) -> Chunk:
        """Return what is there now; a descriptor that has closed is watched no longer."""
        chunk = worker.channel.read(descriptor)
        if chunk.closed:
            if descriptor == worker.channel.write_fileno():
                self.mute(worker)
            self._selector.unregister(descriptor)
            worker.open.discard(descriptor)
        return chunk

    def write(self, worker: Worker[T], data: bytes | memoryview) -> None:
        """Send what fits now, the rest when there is room.

        Raises BrokenPipeError where the worker will never take any more.
        """
        sent = worker.channel.write(data)
        if sent == len(data):
            self.mute(worker)
            return
        if worker.unsent is None:
            self._watch_writing(worker, on=True)
        worker.unsent = memoryview(data)[sent:]

    def mute(self, worker: Worker[T]) -> None:
        """Send nothing more of what is not yet sent."""
        if worker.unsent is not None:
            worker.unsent = None
            self._watch_writing(worker, on=False)

    def close(self) -> None:
        """Give the selector back."""
        self._selector.close()

    def _watch_writing(self, worker: Worker[T], *, on: bool) -> None:
        descriptor = worker.channel.write_fileno()
        # A channel over a socket reads and writes by the same descriptor.
        if descriptor in worker.open:
            self._selector.modify(descriptor, READ | WRITE if on else READ, worker)
        elif on:
            self._selector.register(descriptor, WRITE, worker)
        else:
            self._selector.unregister(descriptor)
