"""Reads JSON as LEAN does: with comments, and exact numbers."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from leanopt_lean.importing.draft import UNSAID, At, Draft

_TEXT = r'"(?:[^"\\\n]|\\.)*"'
_COMMENT = re.compile(rf"({_TEXT})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMA = re.compile(rf"({_TEXT})|,(?=\s*[}}\]])")


def read_object(file: Path, at: At, draft: Draft) -> dict[str, object] | None:
    """Return the JSON object in a file, or None after noting a mistake; see `read_json`."""
    value = read_json(file, at, draft)
    if value is None or isinstance(value, dict):
        return value
    draft.mistake(at, value, "expected a JSON object")
    return None


def read_json(file: Path, at: At, draft: Draft) -> object | None:
    """Return the JSON value in a file, or None after noting a mistake.

    Comments and trailing commas are allowed, as in LEAN. Numbers become ints and Decimals; a
    duplicate key is a mistake.
    """
    text = read_text(file, at, draft)
    if text is None:
        return None
    twice: list[str] = []
    try:
        value = _parsed(text, twice)
    except json.JSONDecodeError as error:
        location = f"line {error.lineno}, column {error.colno}"
        draft.mistake(
            at, UNSAID, f"{location}: is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        )
        return None
    except (RecursionError, ValueError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        draft.mistake(at, UNSAID, reason)
        return None
    for key in twice:
        draft.mistake(at / key, UNSAID, "appears twice in one object", "remove one")
    if value is None:
        draft.mistake(at, value, "expected a JSON object or list")
    return value


def read_text(file: Path, at: At, draft: Draft) -> str | None:
    """Return a file's text, or None after noting why it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        draft.mistake(at, UNSAID, f"is not UTF-8 text (byte {error.start})")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        draft.mistake(at, UNSAID, f"cannot be read: {reason}")
    return None


def _parsed(text: str, twice: list[str]) -> object:
    """Return the value; add duplicate keys to `twice`."""

    def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
        read = dict(pairs)
        keys = [key for key, _ in pairs]
        twice.extend(key for key in read if keys.count(key) > 1)
        return read

    plain = _COMMA.sub(_blank, _COMMENT.sub(_blank, text))
    value = json.loads(
        plain,
        parse_float=_decimal,
        parse_int=_whole,
        parse_constant=Decimal,
        object_pairs_hook=without_repeats,
    )
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise ValueError("has text that is not Unicode") from None
    return value


def _blank(match: re.Match[str]) -> str:
    """Return a string unchanged, anything else as spaces, so that positions stay right."""
    return match[1] or re.sub(r"[^\n]", " ", match[0])


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond the range of decimals
        return Decimal("inf")


def _whole(text: str) -> int | Decimal:
    # int() refuses longer texts, and no real value has them.
    return int(text) if len(text) < 1000 else Decimal("inf")  # noqa: PLR2004
