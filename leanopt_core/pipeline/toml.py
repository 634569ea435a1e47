"""Read TOML strictly with exact numbers; format keys and values for messages."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import TypeAlias

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.lengths import Length
from leanopt_core.suggest import nearest

# How the parser calls the end of a line in a string of one line.
_UNTERMINATED = re.compile(r"(?:Illegal|Found invalid) character '\\n'")
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


_LEAST = "expected at least name, [strategy], [parameters], [fitness], [[stage]]"


def read_document(path: Path, least: str = _LEAST) -> dict[str, object]:
    """Return the TOML document in `path`, its floats as Decimal.

    Raises PipelineError with one error if it cannot be read, is not TOML, or is empty; `least` says
    what is expected then.
    """
    text = read_text(path, ".toml")
    try:
        document = parse_toml(text)
    except TOMLDecodeError as error:
        raise _unreadable(path, *_syntax(str(error), text)) from error
    except ValueError as error:
        raise _unreadable(path, "", str(error)) from error
    if not document:
        raise _unreadable(path, "", f"is empty; {least}")
    return document


def read_text(path: Path, suffix: str) -> str:
    """Return the UTF-8 text in `path`.

    Raises PipelineError if it cannot be read, with the nearest file of this `suffix` if there is
    no such file.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        expected = f"is not UTF-8 text (byte {error.start} is 0x{error.object[error.start]:02x})"
        raise _unreadable(path, "", expected) from error
    except FileNotFoundError as error:
        raise _unreadable(path, "", "no such file", _neighbour(path, suffix)) from error
    except IsADirectoryError as error:
        inside = sorted(file.name for file in path.glob(f"*{suffix}"))
        hint = f"contains: {', '.join(inside)}" if inside else ""
        kind = suffix.removeprefix(".").upper() or "text"
        raise _unreadable(path, "", f"is a folder, expected a {kind} file", hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(path, "", f"cannot be read: {reason}") from error


def _neighbour(path: Path, suffix: str) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    names = sorted(file.name for file in path.parent.glob(f"*{suffix}"))
    if not names:
        return f"there is no {suffix} file in {path.parent}"
    close = nearest(path.name, names)
    return f"did you mean '{path.with_name(close or names[0])}'?"


def _syntax(message: str, text: str) -> tuple[str, str]:
    """Return the position and the message of the TOML parser."""
    position = _POSITION.search(message)
    if position is None:
        return "", f"is not TOML: {message}"
    line, column = position.groups()
    if line is None:
        lines = text.split("\n")
        line, column = str(len(lines)), str(len(lines[-1]) + 1)
    reason = message[: position.start()]
    if _UNTERMINATED.fullmatch(reason):
        reason = "unterminated string: expected its closing quote before the end of the line"
    return f"line {line}, column {column}", f"is not TOML: {reason[:1].lower()}{reason[1:]}"


def _unreadable(path: Path, key: str, expected: str, hint: str = "") -> PipelineError:
    return PipelineError([Mistake(printable(str(path)), key, "", printable(expected), hint)])


KeyPath: TypeAlias = tuple[str | int, ...]
"""Path of a value: table keys and list indexes (from 0), outermost first."""

DEEPEST = 50
"""Maximum depth of nested tables and lists."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60
_LONGEST_SHOWN_BITS = 1000
_SHORT = -30


class VariableText(str):
    """A text that was one variable and nothing else: `"${NAME}"`."""

    __slots__ = ()


def parse_toml(text: str) -> dict[str, object]:
    """Parse a TOML document, its floats as Decimal.

    Raises tomllib.TOMLDecodeError if it is not TOML, and ValueError with a reason for the user if
    it is nested too deeply or has a number that is too long to read.
    """
    try:
        document: dict[str, object] = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError(f"is nested deeper than {DEEPEST} levels") from None
    except ValueError:  # from int()
        raise ValueError("has a whole number of more than 4300 digits") from None
    if _deeper_than(DEEPEST, document):
        raise ValueError(f"is nested deeper than {DEEPEST} levels")
    return document


def number_in(value: object) -> object:
    """Return the number that a variable's text says as TOML, any other value as it is."""
    if not isinstance(value, VariableText) or {"#", "\n"} & set(value):
        return value
    try:
        document = parse_toml(f"value = {value}")
    except ValueError:
        return value
    number = document["value"] if len(document) == 1 else value
    return number if isinstance(number, int | Decimal) and not isinstance(number, bool) else value


def key_text(at: KeyPath) -> str:
    """Return a key path as messages show it: `stage[0].trials`, `parameters."my key".min`."""
    text = ""
    for step in at:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = step if _BARE.fullmatch(step) else quoted(step)
            text += f".{bare}" if text else bare
    return text


def quoted(text: str) -> str:
    """Return a TOML string; JSON's escapes are valid TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def toml_text(value: object) -> str:
    """Return a value in TOML, shortened to 60 characters."""
    text = toml_value(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def toml_value(value: object) -> str:
    """Return a value in TOML."""
    match value:
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
        case Mapping():
            inner = ", ".join(f"{key_text((k,))} = {toml_value(v)}" for k, v in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case str() | Length():
            return quoted(str(value))
        case date() | time():
            return value.isoformat()
    return _number(value)


def printable(text: str) -> str:
    """Return `text` with invisible and control characters escaped as in TOML."""
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # the exponent is too large for a Decimal
        return Decimal("inf")


def _deeper_than(depth: int, document: object) -> bool:
    level: list[object] = [document]
    for _ in range(depth + 1):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _number(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal() if not value.is_finite():
            return str(float(value))
        case Decimal() if _SHORT <= value.adjusted() < 0:
            return format(value, "f")  # str() would use an exponent after six zeros
        case int() if value.bit_length() > _LONGEST_SHOWN_BITS:
            return hex(value)  # Python refuses to write very long numbers in decimal
    return str(value)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
