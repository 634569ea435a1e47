"""A range to search for a parameter, with its default in the middle."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Final

from attrs import frozen

from leanopt_core.scaffold.reads import Read

#: About so many steps lie on each side of a default.
_STEPS: Final = 10
#: What is proposed where the source has no default.
_GUESS: Final = "{ min = 5, max = 50, step = 5 }"
_GUESSED_LEVELS: Final = 10


@frozen
class Proposal:
    """One line of `[parameters]`: the TOML value, how many levels it has, and what to say of it."""

    value: str
    levels: int
    comment: str


def propose(read: Read) -> Proposal:
    """Return what to search of a parameter."""
    default = read.default
    if isinstance(default, bool) or (default is None and read.made == "bool"):
        return Proposal("{ choices = [true, false] }", 2, _default(default))
    texts = list(dict.fromkeys([*([default] if isinstance(default, str) else []), *read.texts]))
    if texts:
        return _choices(texts, default)
    if default is None:
        return Proposal(_GUESS, _GUESSED_LEVELS, "no default in the strategy: set the range")
    if isinstance(default, int) and read.made != "float":
        low, high, step = _whole(default)
    else:
        low, high, step = _decimal(Decimal(repr(default)))
    value = f"{{ min = {low}, max = {high}, step = {step} }}"
    return Proposal(
        value, int((Decimal(high) - Decimal(low)) / Decimal(step)) + 1, _default(default)
    )


def _choices(texts: list[str], default: object) -> Proposal:
    written = [json.dumps(text, ensure_ascii=False) for text in texts]
    if len(texts) == 1:
        more = f"fixed; searched if written {{ choices = [{written[0]}, ...] }}"
        return Proposal(written[0], 1, more)
    return Proposal(f"{{ choices = [{', '.join(written)}] }}", len(texts), _default(default))


def _default(default: object) -> str:
    if default is None:
        return ""
    written = (
        json.dumps(default, ensure_ascii=False) if isinstance(default, bool | str) else default
    )
    return f"default {written}"


def _whole(default: int) -> tuple[str, str, str]:
    """Return ends and step around a whole number; a count that is above 0 stays there."""
    if default == 0:
        return "-5", "5", "1"
    size = abs(default)
    reach = max(1, size // 2)
    step = int(_round(Decimal(max(1, reach // _STEPS))))
    reach = max(step, reach // step * step)
    low = default - reach
    if default > 0:
        low = max(low, 1)
    return str(low), str(default + reach), str(step)


def _decimal(default: Decimal) -> tuple[str, str, str]:
    """Return ends and step around a number."""
    if default == 0:
        return "-0.5", "0.5", "0.05"
    step = _round(abs(default) / 2 / _STEPS)
    reach = int(abs(default) / 2 / step) * step
    return _text(default - reach), _text(default + reach), _text(step)


def _round(step: Decimal) -> Decimal:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a step."""
    power = Decimal(1).scaleb(step.adjusted())
    return next(power * many for many in (5, 2, 1) if power * many <= step)


def _text(number: Decimal) -> str:
    plain = format(number.normalize(), "f")
    return plain if "." in plain else f"{plain}.0"
