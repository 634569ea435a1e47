"""Failures: their categories, and messages for a strategy's exceptions."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from leanopt_harness.project import Project

STRATEGY_ERROR = "strategy error"
ENGINE_ERROR = "engine error"
NO_RESULT = "no result"

#: The longest text of an exception, and the longest message, in characters.
LONGEST_TEXT = 4000
LONGEST_MESSAGE = 8000

# What a machine, or a long-running process, may run out of.
_RUN_OUT = frozenset(
    getattr(errno, name)
    for name in ("EAGAIN", "EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC")
)


class Failure(Exception):  # noqa: N818 - a backtest's failure is the field's term, not a bug here
    """A failed backtest: its category, the message for the user, and more members of its answer."""

    def __init__(self, category: str, message: str) -> None:
        super().__init__(message)
        self.category = category
        self.message = message
        self.more: dict[str, Any] = {}


class SpentError(Exception):
    """The harness cannot answer, and why: the client must send the request to a new one."""


def of_the_machine(error: BaseException) -> bool:
    """Return whether an exception, or a cause of it, means that memory, threads or files ran out.

    A broken process pool counts too (its worker may have run out of memory): it fails every later
    backtest.
    """
    executors = sys.modules.get("concurrent.futures")
    kinds = (MemoryError,) if executors is None else (MemoryError, executors.BrokenExecutor)
    return any(
        isinstance(one, kinds)
        or (isinstance(one, OSError) and one.errno in _RUN_OUT)
        or (type(one) is RuntimeError and one.args == ("can't start new thread",))
        for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, its causes and its contexts."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__context__ if error.__cause__ is None else error.__cause__


def explain(error: BaseException, project: Project) -> str:
    """Return `Type: text (strategy.py:41)`, with the innermost line of the project.

    Print the innermost frames to standard error, and release the objects that they hold.
    """
    traceback.clear_frames(error.__traceback__)
    _show(error)
    where = _location(error, project)
    text = describe(error)
    message = f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__
    return f"{message} ({where})" if where else message


def _location(error: BaseException, project: Project) -> str | None:
    """Return `file:line` of the innermost frame, or of the syntax error, in the project."""
    if isinstance(error, SyntaxError) and error.filename:
        file = project.relative(error.filename)
        if file is not None:
            return f"{file}:{error.lineno}"
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = project.relative(frame.f_code.co_filename)
        if file is not None:
            return f"{file}:{line}"
    return None


def describe(error: BaseException) -> str:
    """Return the text of an exception, clipped; never raises."""
    try:
        return clip(error.msg if isinstance(error, SyntaxError) else str(error))
    except BaseException:  # noqa: BLE001 - a strategy's exception may fail in any way at all
        return "its message cannot be read"


def clip(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return `text`, cut off after `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def _show(error: BaseException) -> None:
    try:
        traceback.print_exception(error, limit=-20, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - nor may its being shown end the harness
        return
