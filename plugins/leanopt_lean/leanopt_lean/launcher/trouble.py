"""Trouble of the machine, as LEAN and .NET word it: it says nothing about a strategy."""

from __future__ import annotations

import re

_WORDS = re.compile(
    # LEAN's own limits of time: how fast a machine is decides.
    r"operation (has )?timed out|operation was cancell?ed|took longer than [\d.,]+ minutes?"
    r"|failed to (create algorithm instance|complete algorithm) within"
    # Memory: LEAN's own limit, .NET's words, the system's, Python's.
    r"|memory usage maxed out|out ?of ?memory|insufficient memory|cannot allocate memory"
    r"|\bMemoryError\b"
    # Files.
    r"|no space left on device|disk (was|is) full|disk quota exceeded|too many open files"
    r"|input/output error",
    re.IGNORECASE,
)


def tells_of_trouble(text: str) -> bool:
    """Say whether a message is about time, memory or files that the machine did not have."""
    return _WORDS.search(text) is not None


#: LEAN's log where a value does not fit a member marked `[Parameter]`; it goes on with what is set.
UNSET = "Error applying parameter values: "


def unset(why: str) -> str:
    """Return the message for a backtest whose parameters LEAN could not all set."""
    return f"LEAN could not set a parameter, nor any after it: {why}"
