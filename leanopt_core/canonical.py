"""Canonical JSON, content hashes and derived seeds: equal values give equal bytes everywhere."""

from __future__ import annotations

import json
from _json import make_encoder
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import Any, Final


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def _number(value: Decimal) -> int | float | str:
    """Return a number that JSON writes with exactly these digits, else their text."""
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else format(value.normalize(), "f")


# Made once, since every trial needs them: `json.JSONEncoder` makes such an encoder for each value.
_chunks: Final = make_encoder(None, _plain, encode_basestring, None, ":", ",", True, False, False)
_decode: Final = json.JSONDecoder().raw_decode
_strict_chunks: Final = make_encoder(
    None, json.JSONEncoder().default, encode_basestring, None, ":", ",", True, False, False
)


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spaces.

    A Decimal becomes a number if a float has exactly its digits, else text. Dates become ISO text,
    paths POSIX text. NaN and infinity raise ValueError, other types TypeError.
    """
    return "".join(_chunks(value, 0))


def from_canonical(text: str) -> Any:
    """Return the value of JSON without spaces around it; raises ValueError for any other text.

    Each stored trial has several such texts, and `json.loads` takes three times as long.
    """
    value, end = _decode(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def as_stored(value: object) -> Any:
    """Return a value as it comes back from canonical JSON: a tuple is a list, a date a text."""
    return from_canonical(canonical_json(value))


def strict_json(value: object) -> str:
    """Return JSON as `canonical_json` does; a value that is not of JSON raises TypeError."""
    return "".join(_strict_chunks(value, 0))


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hexadecimal (64 characters)."""
    return sha256(canonical_json(value).encode()).hexdigest()


def derive_seed(seed: int, *path: str | int) -> int:
    """Return the seed (0 <= s < 2**63) that belongs to `path` under `seed`.

    Each search, stage, trial and attempt has its own path, so no random choice depends on how many
    were made before it.
    """
    text = canonical_json([seed, *path])
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 1
