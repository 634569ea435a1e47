"""Check values that a document may hold, but a store, a hash or a computation may not."""

from __future__ import annotations

from decimal import Decimal

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.toml import KeyPath, number_in, toml_text

_MOST_DIGITS = 300
_LARGEST = int("9" * _MOST_DIGITS)


def check_values(value: object, problems: Problems, at: KeyPath = ()) -> None:
    """Report every value in `value` that cannot be stored, hashed or computed with.

    Numbers must be finite and have at most 300 digits when written in full. Text and keys from the
    environment or the command line must be valid Unicode.
    """
    value = number_in(value)
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
