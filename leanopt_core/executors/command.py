"""Fill in a command, set its variables and run it to its end, for every executor."""

from __future__ import annotations

import re
import selectors
import time
from collections.abc import Mapping
from typing import Protocol

from attrs import define, field

from leanopt_core.errors import ExecutorError, TransientError
from leanopt_core.executors.base import Channel
from leanopt_core.work import PLACEHOLDERS, Completed

#: How much is kept, in bytes: of the output the beginning, of the errors the end.
OUTPUT_LIMIT = 16 * 2**20
ERRORS_LIMIT = 65536

# The exit code of the command `timeout`.
_TIMED_OUT = 124
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# Without these, each library starts a thread for each processor, in every worker.
_THREADS = tuple(
    f"{name}_THREADS"
    for name in (
        *("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB_MAXIMUM"),
        *("NUMEXPR_NUM", "NUMEXPR_MAX", "NUMBA_NUM", "POLARS_MAX", "RAYON_NUM"),
    )
)
# Results must not depend on where leanopt was started.
_FIXED = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def variables(threads: int) -> dict[str, str]:
    """Return the environment of every worker; numeric libraries use `threads` threads."""
    return {**_FIXED, **dict.fromkeys(_THREADS, str(threads))}


def fill_placeholders(placeholders: Mapping[str, str], text: str) -> str:
    """Return `text` with `{data}` and the like replaced by what stands for them.

    Raises ExecutorError for one of `PLACEHOLDERS` that stands for nothing; other words in braces
    stay.
    """
    # In one pass: braces in a path that was filled in are not filled again.
    return _PLACEHOLDER.sub(lambda match: _filled(placeholders, match), text)


def _filled(placeholders: Mapping[str, str], match: re.Match[str]) -> str:
    name = match[1]
    if name in PLACEHOLDERS and name not in placeholders:
        raise ExecutorError(f"{{{name}}} is asked for, but nothing is mounted as '{name}'")
    return placeholders.get(name, match[0])


class CommandChannel(Channel, Protocol):
    """The channel of a command, which knows its exit code. A `ProcessChannel` is one."""

    def exit_code(self) -> int | None:
        """Return the command's exit code (128 + signal), None where it is not known."""
        ...


def run_to_end(channel: CommandChannel, time_limit: float) -> Completed:
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
    # Known only since `release`, which waits for the process.
    code = channel.exit_code() if ended else _TIMED_OUT
    return Completed(
        _TIMED_OUT if code is None else code,
        heard.output.decode(errors="replace"),
        heard.errors.decode(errors="replace"),
    )


@define
class _Heard:
    """The output of a command, up to a limit."""

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


def _listen(channel: CommandChannel, heard: _Heard, deadline: float) -> bool:
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
