"""Write values into messages: their text may be another one's code, which may fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: The most characters of a plugin's reason for an end that are shown and stored.
_REASON: Final = 500


def shown(value: object, limit: int = 80) -> str:
    """Return the value's repr, at most `limit` characters of it."""
    return shortened(safe(repr, value), limit)


def told(error: BaseException, limit: int = 2000) -> str:
    """Return the error's text as one line, at most `limit` characters of it."""
    return shortened(" ".join(safe(str, error).split()), limit)


def reason_text(reason: str) -> str:
    """Return a plugin's reason for an end, at most 500 characters of it."""
    # Also of a subclass, whose methods are the plugin's.
    return shortened(str.strip(reason), _REASON)


def safe(write: Callable[[object], str], value: object) -> str:
    """Return the value's text by `str` or `repr`, or its type's name if that raises."""
    try:
        return write(value)
    except (Exception, SystemExit):  # noqa: BLE001 - the error that is being told counts
        return f"<{type(value).__name__}>"


def shortened(text: str, limit: int = 40) -> str:
    """Return a text, or its beginning if it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
