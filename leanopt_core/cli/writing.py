"""How commands write a file that must not be there yet."""

from __future__ import annotations

from pathlib import Path

from leanopt_core.errors import UsageError


def write_new(path: Path, text: str) -> None:
    """Write a file; raises UsageError where it is there already, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already; --output names another file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
