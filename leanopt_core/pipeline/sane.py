"""Refuses values that no key takes, whatever it is called: NaN, absurd numbers, broken text."""

from __future__ import annotations

from decimal import Decimal

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.toml import KeyPath, toml_text

_MOST_DIGITS = 300
_LARGEST = int("9" * _MOST_DIGITS)


def check_values(value: object, problems: Problems, at: KeyPath = ()) -> None:
    """Note every value in `value` that would harm whoever writes it out, hashes it or adds to it.

    Numbers must be finite and have at most 300 digits written out in full; texts and keys that come
    from the environment or the command line must be Unicode.
    """
    match value:
        case dict():
            for key, item in value.items():
                check_values(item, problems, (*at, key))
                _check_text(key, problems, (*at, key))
        case list():
            for index, item in enumerate(value):
                check_values(item, problems, (*at, index))
        case str():
            _check_text(value, problems, at)
        case int() | Decimal() if _too_long(value):
            problems.add(at, toml_text(value), "expected a finite number of at most 300 digits")


def _too_long(number: int | Decimal) -> bool:
    if isinstance(number, int):
        return abs(number) > _LARGEST
    if not number.is_finite():
        return True
    return max(len(number.as_tuple().digits), abs(number.adjusted())) > _MOST_DIGITS


def _check_text(text: str, problems: Problems, at: KeyPath) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        problems.add(at, toml_text(text), "expected UTF-8 text")
