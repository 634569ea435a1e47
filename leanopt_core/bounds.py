"""What an option's validators allow, in words: `0 to 19`, `above 0`, `1 or more entries`."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
from typing import Any, Final

#: attrs keeps its validators' classes to itself; these attributes are what they are made of.
_LOW: Final = {">=": "{} or more", ">": "above {}"}
_HIGH: Final = {"<=": "at most {}", "<": "below {}"}


def bounds(validator: object) -> str:
    """Return the bounds that validators of attrs set; empty where they set none, or are others."""
    parts = list(_parts(validator))
    low = [(op, bound) for op, bound in parts if op in _LOW]
    high = [(op, bound) for op, bound in parts if op in _HIGH]
    others = [bound for op, bound in parts if op not in {*_LOW, *_HIGH}]
    if len(low) == len(high) == 1 and (low[0][0], high[0][0]) == (">=", "<="):
        return ", ".join([f"{low[0][1]} to {high[0][1]}", *others])
    return ", ".join(
        [
            *(_LOW[op].format(bound) for op, bound in low),
            *(_HIGH[op].format(bound) for op, bound in high),
            *others,
        ]
    )


def _parts(validator: Any) -> Iterator[tuple[str, str]]:
    """Yield comparisons with their bounds, and what else is asked for under an empty operator."""
    for inner in getattr(validator, "_validators", ()):
        yield from _parts(inner)
    if (inner := getattr(validator, "validator", None)) is not None:
        yield from _parts(inner)
    if (member := getattr(validator, "member_validator", None)) is not None:
        yield from (("", f"each {said}") for said in [bounds(member)] if said)
    operator, bound = getattr(validator, "compare_op", None), getattr(validator, "bound", None)
    if operator in {*_LOW, *_HIGH} and not (isinstance(bound, float) and isinf(bound)):
        yield operator, str(bound)
    if (least := getattr(validator, "min_length", None)) is not None:
        yield "", "not empty" if least == 1 else f"length {least} or more"
    if (most := getattr(validator, "max_length", None)) is not None:
        yield "", f"length at most {most}"
    if (options := getattr(validator, "options", None)) is not None:
        yield "", f"one of {', '.join(map(str, options))}"
