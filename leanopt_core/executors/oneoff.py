"""Runs a command to its end, for an executor's `run_command`."""

from __future__ import annotations

import selectors
import time
from typing import Protocol

from attrs import define, field

from leanopt_core.errors import TransientError
from leanopt_core.executors.base import Channel, Completed

#: How much is kept, in bytes: of the output the beginning, of the errors the end.
OUTPUT_LIMIT = 16 * 2**20
ERRORS_LIMIT = 65536

_TIMED_OUT = 124


class Ending(Channel, Protocol):
    """A channel that knows more than an exit reason."""

    def exit_code(self) -> int | None:
        """Return the command's exit code (128 + signal), None where it is not known."""
        ...


def run(channel: Ending, time_limit: float) -> Completed:
    """Return how the channel's command ended; it gets no input, and is killed at the limit.

    The channel is released, its scratch folder removed. Raises TransientError where the command was
    ended from outside.
    """
    heard = _Heard()
    channel.end()
    try:
        ended = _listen(channel, heard, time.monotonic() + time_limit)
    finally:
        channel.release()
    if ended and channel.outside():
        raise TransientError(f"a command did not run to its end: {channel.exit_reason()}")
    if not ended:
        heard.note(f"killed: it ran for longer than {time_limit:g} s")
    elif (reason := channel.exit_reason()) and not reason.startswith("exit code"):
        heard.note(f"ended by {reason}")
    if heard.cut:
        heard.note(f"its output is cut off after {OUTPUT_LIMIT} bytes")
    code = channel.exit_code() if ended else _TIMED_OUT
    return Completed(
        _TIMED_OUT if code is None else code,
        heard.output.decode(errors="replace"),
        heard.errors.decode(errors="replace"),
    )


@define
class _Heard:
    """What a command wrote, within bounds."""

    output: bytearray = field(factory=bytearray)
    errors: bytearray = field(factory=bytearray)
    cut: bool = False

    def take(self, out: bytes, err: bytes) -> None:
        room = OUTPUT_LIMIT - len(self.output)
        self.cut = self.cut or len(out) > room
        self.output += out[:room]
        self.errors += err
        del self.errors[:-ERRORS_LIMIT]

    def note(self, text: str) -> None:
        self.errors += f"{text}\n".encode()


def _listen(channel: Ending, heard: _Heard, deadline: float) -> bool:
    """Hear the command out; return whether it ended before the deadline."""
    with selectors.DefaultSelector() as selector:
        for descriptor in channel.filenos():
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            pause = deadline - time.monotonic()
            if pause <= 0:
                return False
            for key, _ in selector.select(pause):
                chunk = channel.read(key.fd)
                heard.take(chunk.out, chunk.err)
                if chunk.closed:
                    selector.unregister(key.fd)
    return True
