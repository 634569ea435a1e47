"""Reads a pipeline's file, and says in one mistake why one cannot be read."""

from __future__ import annotations

import re
from pathlib import Path
from tomllib import TOMLDecodeError

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.toml import parse_toml, printable
from leanopt_core.suggest import nearest

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_document(path: Path) -> dict[str, object]:
    """Return the TOML document in `path`, its floats as Decimal.

    Raises PipelineError with one mistake where it cannot be read, is not TOML, or is empty.
    """
    text = _text(path)
    try:
        document = parse_toml(text)
    except TOMLDecodeError as error:
        raise _unreadable(path, *_syntax(str(error), text)) from error
    except ValueError as error:
        raise _unreadable(path, "", str(error)) from error
    if not document:
        raise _unreadable(
            path,
            "",
            "is empty, expected name, [strategy], [parameters], [fitness] and [[stage]] at least",
        )
    return document


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        expected = f"is not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x})"
        raise _unreadable(path, "", expected) from error
    except FileNotFoundError as error:
        raise _unreadable(path, "", "no such file", _neighbour(path)) from error
    except IsADirectoryError as error:
        inside = sorted(file.name for file in path.glob("*.toml"))
        hint = f"in it: {', '.join(inside)}" if inside else ""
        raise _unreadable(path, "", "is a folder, expected a TOML file", hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, "", f"cannot be read: {reason}") from error


def _neighbour(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    names = sorted(file.name for file in path.parent.glob("*.toml"))
    if not names:
        return f"there is no .toml file in {path.parent}"
    close = nearest(path.name, names)
    return f"did you mean '{path.with_name(close or names[0])}'?"


def _syntax(message: str, text: str) -> tuple[str, str]:
    """Return where and what is wrong, in TOML's reader's words."""
    place = _PLACE.search(message)
    if place is None:
        return "", f"is not TOML: {message}"
    line, column = place.groups()
    if line is None:
        lines = text.split("\n")
        line, column = str(len(lines)), str(len(lines[-1]) + 1)
    reason = message[: place.start()]
    return f"line {line}, column {column}", f"is not TOML: {reason[:1].lower()}{reason[1:]}"


def _unreadable(path: Path, key: str, expected: str, hint: str = "") -> PipelineError:
    return PipelineError([Mistake(printable(str(path)), key, "", printable(expected), hint)])
