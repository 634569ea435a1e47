"""What the program in a container answers, as far as it can be believed."""

from __future__ import annotations

import json
import os
from typing import Any

from attrs import frozen

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.scratch import parts

_LONGEST_HEAD = 4096
#: Of one folder, so many files at most.
MOST_NAMES = 10_000


@frozen
class Head:
    """The beginning of an answer: what went wrong, and where its bytes start and end."""

    error: str
    start: int
    end: int


def understood(heard: bytes | bytearray, most: int) -> Head | None:
    """Return the head of the answer that begins here, None while it has not come whole.

    Raises ExecutorError for what is none, or has more than `most` bytes.
    """
    end = heard.find(b"\n", 0, _LONGEST_HEAD)
    if end < 0:
        if len(heard) < _LONGEST_HEAD:
            return None
        raise _nonsense("a line without end")
    said = _parsed(bytes(heard[:end]))
    size, error = (said.get("size"), said.get("error")) if isinstance(said, dict) else (None, "")
    if type(size) is not int or not 0 <= size <= most or not isinstance(error, str | None):
        raise _nonsense(f"{bytes(heard[:end])[:100]!r}")
    shown = "".join(sign if sign.isprintable() else "?" for sign in error or "")
    return Head(shown, end + 1, end + 1 + size)


def understood_names(data: bytes) -> list[str]:
    """Return the names of files that an answer lists; none leads out of its folder.

    Raises ExecutorError for what is no such list.
    """
    names = _parsed(data)
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise _nonsense(f"{MOST_NAMES} names of files were the most to expect")
    return [_believed(name) for name in names]


def _believed(name: Any) -> str:
    try:
        os.fsencode(name)
        parts(name)
    except (TypeError, ValueError, ExecutorError):
        raise _nonsense(f"{name!r:.100} for a file's name") from None
    return str(name)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _nonsense(f"{data[:100]!r}") from None


def _nonsense(what: str) -> ExecutorError:
    return ExecutorError(f"a container's scratch answered what cannot be understood: {what}")
