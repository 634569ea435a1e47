"""The pool's I/O: the descriptors of one worker under the selector of all, and a wake-up."""

from __future__ import annotations

import selectors
import socket

from leanopt_core.executors.base import Channel, Chunk

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Alarm:
    """Ends a wait from another thread or a signal handler: readable from `ring` to `hush`."""

    def __init__(self) -> None:
        # Sockets, not pipes: a closed socket refuses to send. A write to a closed pipe's number
        # could reach whoever has that number now.
        self._heard, self._bell = socket.socketpair()
        self._heard.setblocking(False)
        self._bell.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._heard.fileno()

    def ring(self) -> None:
        """Make it readable; does nothing after `close`."""
        try:
            self._bell.send(b"\0")
        except OSError:
            return  # full: readable already; or closed

    def hush(self) -> None:
        """Consume every ring so far."""
        try:
            while len(self._heard.recv(4096)) == 4096:  # noqa: PLR2004 - as many as were asked for
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close the sockets."""
        self._heard.close()
        self._bell.close()


class Selector:
    """Watches every worker's descriptors, and the alarm that ends a wait."""

    def __init__(self) -> None:
        self._alarm = Alarm()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._alarm, READ)

    def attach(self, channel: Channel, number: int) -> WorkerStream:
        """Return the stream of worker `number`, watched from now on."""
        return WorkerStream(self._selector, channel, number)

    def wait(self, pause: float) -> list[tuple[int | None, int, int]]:
        """Return what is ready within `pause` seconds: worker's number, descriptor, READ or WRITE.

        The number is None for `wake`.
        """
        found = []
        for key, events in self._selector.select(max(0.0, pause)):
            if key.data is None:
                self._alarm.hush()
            found.append((key.data, key.fd, events))
        return found

    def wake(self) -> None:
        """End a `wait`; from any thread or signal handler, also after `close`."""
        self._alarm.ring()

    def close(self) -> None:
        """Close the selector and the alarm."""
        self._selector.close()
        self._alarm.close()


class WorkerStream:
    """Reads from and writes to one worker; the selector names it by its number.

    `open` holds the descriptors that have not closed. `unsent` is what did not fit into the
    worker's input yet, None if all was sent.
    """

    def __init__(self, selector: selectors.BaseSelector, channel: Channel, number: int) -> None:
        self._selector = selector
        self._channel = channel
        self._number = number
        self.open = set(channel.filenos())
        self.unsent: memoryview | None = None
        for descriptor in self.open:
            selector.register(descriptor, READ, number)

    def read(self, descriptor: int) -> Chunk:
        """Return what can be read now; a closed descriptor is watched no longer."""
        chunk = self._channel.read(descriptor)
        if chunk.closed:
            # While it is still registered: on a shared descriptor `mute` changes that.
            if descriptor == self._channel.write_fileno():
                self.mute()
            self._selector.unregister(descriptor)
            self.open.discard(descriptor)
        return chunk

    def write(self, data: bytes | memoryview) -> None:
        """Send what fits now, and keep the rest in `unsent`, to be written when there is room.

        Raises BrokenPipeError if the worker will never accept more.
        """
        sent = self._channel.write(data)
        if sent == len(data):
            self.mute()
            return
        if self.unsent is None:
            self._watch_writing(on=True)
        self.unsent = memoryview(data)[sent:]

    def mute(self) -> None:
        """Drop what was not sent."""
        if self.unsent is not None:
            self.unsent = None
            self._watch_writing(on=False)

    def detach(self) -> None:
        """Stop watching every descriptor."""
        self.mute()
        for descriptor in self.open:
            self._selector.unregister(descriptor)
        self.open.clear()

    def _watch_writing(self, *, on: bool) -> None:
        descriptor = self._channel.write_fileno()
        # A channel over a socket reads and writes by the same descriptor.
        if descriptor in self.open:
            self._selector.modify(descriptor, READ | WRITE if on else READ, self._number)
        elif on:
            self._selector.register(descriptor, WRITE, self._number)
        else:
            self._selector.unregister(descriptor)
