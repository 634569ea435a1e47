"""Messages of LEAN and .NET about problems of the machine, not of the strategy."""

from __future__ import annotations

import re

_WORDS = re.compile(
    # LEAN's own time limits, which a slow machine exceeds.
    r"operation (has )?timed out|operation was cancell?ed|took longer than [\d.,]+ minutes?"
    r"|failed to (create algorithm instance|complete algorithm) within"
    # Memory: LEAN's own limit, then messages of .NET, the system and Python.
    r"|memory usage maxed out|out ?of ?memory|insufficient memory|cannot allocate memory"
    r"|\bMemoryError\b"
    # Files.
    r"|no space left on device|disk (was|is) full|disk quota exceeded|too many open files"
    r"|input/output error",
    re.IGNORECASE,
)


def tells_of_trouble(text: str) -> bool:
    """Return whether a message says that the machine lacked time, memory or disk."""
    return _WORDS.search(text) is not None


#: LEAN logs this if a value does not fit a member marked `[Parameter]`, and continues.
UNSET = "Error applying parameter values: "


def unset(why: str) -> str:
    """Return the message for a backtest with a parameter that LEAN could not set."""
    return f"LEAN could not set a parameter, nor those after it: {why}"
