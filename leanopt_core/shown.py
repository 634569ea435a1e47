"""Write values into messages: their text may be another one's code, which may fail."""

from __future__ import annotations

from collections.abc import Callable


def shown(value: object, limit: int = 80) -> str:
    """Return the value's repr, at most `limit` characters of it."""
    text = safe(repr, value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def told(error: BaseException, limit: int = 2000) -> str:
    """Return the error's text as one line, at most `limit` characters of it."""
    text = " ".join(safe(str, error).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def safe(write: Callable[[object], str], value: object) -> str:
    """Return the value's text by `str` or `repr`, or its type's name if that raises."""
    try:
        return write(value)
    except (Exception, SystemExit):  # noqa: BLE001 - the error that is being told counts
        return f"<{type(value).__name__}>"
