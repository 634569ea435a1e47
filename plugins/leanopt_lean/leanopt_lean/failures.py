"""Why a result document holds no result: LEAN's state decides, not the exit code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from textwrap import shorten
from typing import Any

from leanopt_core.api import Category, Failure
from leanopt_lean.launcher.trouble import tells_of_trouble
from leanopt_lean.sections import part

_LONGEST = 2_000
_PYTHON_FRAME = re.compile(r"in (\S+\.py): line (\d+)")
_FRAME = re.compile(r"^\s*at ([^\s(]+)\(.*\)(?: in (.+):line (\d+))?\s*$", re.MULTILINE)
# LEAN's example algorithms, and strategies copied from them, share LEAN's namespace.
_STRATEGY = re.compile(r"QuantConnect\.Algorithm\.CSharp\.|(?!QuantConnect\.|System\.|Python\.)")


def failure_of(document: Mapping[str, Any]) -> Failure | None:
    """Return why the document's backtest failed, None if it completed.

    A problem of the machine, or an end from outside, is an `engine error`: a retry may succeed.
    """
    state = part(document, "state")
    if not isinstance(state, Mapping):
        message = "LEAN's result document has no state; expected LEAN of January 2023 or later"
        return Failure(Category.NO_RESULT, message)
    status, error = part(state, "status"), part(state, "runtimeError")
    if error or status == "RuntimeError":
        stack = part(state, "stackTrace")
        trouble = tells_of_trouble(f"{error}\n{stack}")
        category = Category.ENGINE if trouble else Category.STRATEGY
        return Failure(category, _message(str(error or ""), stack))
    if status == "Completed":
        return None
    message = (
        f"LEAN's result document has the status '{status}', expected 'Completed': "
        "the backtest was cut short"
    )
    # A strategy that quits leaves `Stopped`; any other status means that LEAN was ended.
    return Failure(Category.NO_RESULT if status == "Stopped" else Category.ENGINE, message)


def _message(error: str, stack: object) -> str:
    """Return LEAN's message on one line, with the location in the strategy if known."""
    message = shorten(error, _LONGEST, placeholder=" ...") or "a runtime error without a message"
    location = _location(stack) if isinstance(stack, str) else None
    return f"{message} ({location})" if location else message


def _location(stack: str) -> str | None:
    """Return file and line of the strategy's innermost frame, or its method's name."""
    for file, line in reversed(_PYTHON_FRAME.findall(stack)):
        return f"{file}:{line}"
    for method, file, line in _FRAME.findall(stack):
        if _STRATEGY.match(method):
            name = PurePosixPath(file.replace("\\", "/")).name
            return f"{name}:{line}" if name else f"in {method}"
    return None
