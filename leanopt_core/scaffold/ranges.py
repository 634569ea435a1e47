"""Propose a range for a parameter, with its default in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.pipeline.toml import toml_value
from leanopt_core.scaffold.reads import LiteralValue, Read

Number = int | Decimal

#: Approximate number of steps on each side of a default.
_STEPS: Final = 10
#: Proposed if the source has no default.
_GUESS: Final = MappingProxyType({"min": 5, "max": 50, "step": 5})
_GUESSED_LEVELS: Final = 10


@frozen
class Proposal:
    """One line of `[parameters]`: its value, its number of levels, and a comment."""

    value: object
    levels: int
    comment: str


def propose(read: Read) -> Proposal:
    """Return the proposed range of a parameter."""
    default = read.default
    if read.made == "flag":
        return Proposal({"choices": [0, 1]}, 2, _default(default))
    if isinstance(default, bool) or (default is None and read.made == "bool"):
        return Proposal({"choices": [True, False]}, 2, _default(default))
    texts = list(dict.fromkeys([*([default] if isinstance(default, str) else []), *read.texts]))
    if texts:
        return _choices(texts, default)
    if default is None:
        return Proposal(_GUESS, _GUESSED_LEVELS, "no default in the strategy: set the range")
    if isinstance(default, int) and read.made != "float":
        return _range(*_whole(default), default)
    return _range(*_decimal(Decimal(str(default))), default)


def _range(
    low: int | Decimal, high: int | Decimal, step: int | Decimal, default: object
) -> Proposal:
    value: Mapping[str, object] = {"min": low, "max": high, "step": step}
    return Proposal(value, int((high - low) / Decimal(step)) + 1, _default(default))


def _choices(texts: list[str], default: LiteralValue | None) -> Proposal:
    if len(texts) == 1:
        more = f"fixed; to search it, write {{ choices = [{toml_value(texts[0])}, ...] }}"
        return Proposal(texts[0], 1, more)
    return Proposal({"choices": texts}, len(texts), _default(default))


def _default(default: object) -> str:
    return "" if default is None else f"default {toml_value(default)}"


def _whole(default: int) -> tuple[int, int, int]:
    """Return ends and step around a whole number; a positive number gets a positive range."""
    if default == 0:
        return -5, 5, 1
    size = abs(default)
    span = max(1, size // 2)
    step = int(_round(Decimal(max(1, span // _STEPS))))
    span = max(step, span // step * step)
    low = default - span
    if default > 0:
        low = max(low, 1)
    return low, default + span, step


def _decimal(default: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Return ends and step around a number."""
    if default == 0:
        return Decimal("-0.5"), Decimal("0.5"), Decimal("0.05")
    step = _round(abs(default) / 2 / _STEPS)
    span = int(abs(default) / 2 / step) * step
    return _plain(default - span), _plain(default + span), _plain(step)


def _round(step: Decimal) -> Decimal:
    """Round a step down to 1, 2 or 5 times a power of ten."""
    power = Decimal(1).scaleb(step.adjusted())
    return next(power * many for many in (5, 2, 1) if power * many <= step)


def _plain(number: Decimal) -> Decimal:
    """Return a number without an exponent, with at least one decimal."""
    plain = format(number.normalize(), "f")
    return Decimal(plain if "." in plain else f"{plain}.0")
