"""Translates the search space of LEAN's optimizer to parameters and a stage."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Final

from attrs import frozen

from leanopt_core.api import number_text
from leanopt_lean.importing.draft import MISSING, At, Draft, Entry
from leanopt_lean.importing.table import Number, exact

_PLACES: Final = 28  # the most that LEAN's decimals have
_DEFAULT_SEGMENTS: Final = 4
#: LEAN's smallest step of a parameter without a step.
_FINER: Final = 10


@frozen
class Ranged:
    """A parameter as LEAN's optimizer has it; `step` and `least` are None if it has none."""

    name: str
    at: At
    low: Number
    high: Number
    step: Number | None
    least: Number | None


@frozen
class Steps:
    """A parameter's steps: of the first pass, and the finest one."""

    ranged: Ranged
    first: Number
    finest: Number


def put_space(
    ranges: Sequence[Ranged], *, euler: bool, segments: int | None, at: At, draft: Draft
) -> None:
    """Set the parameters, and the stage that searches them as LEAN would.

    Grid search tries every step, and so does Euler search if no parameter has a min-step below its
    step. Otherwise the passes of Euler search end at the smallest steps, which form the space.
    """
    steps = [one for one in (_steps(ranged, segments, draft) for ranged in ranges) if one]
    closing_in = euler and any(one.finest < one.first for one in steps)
    for one in steps:
        _put_axis(one, closing_in=closing_in, draft=draft)
        if not euler and one.ranged.least is not None:
            draft.dropped(one.ranged.at / "min-step", "only Euler search uses it")
    if not closing_in:
        draft.stage("grid", at)
        if euler:
            draft.note(
                at,
                "no parameter has a min-step below its step, so LEAN's Euler search tries "
                'every point once, as "grid" does; "euler" would narrow the ranges',
            )
        return
    cut = segments or _DEFAULT_SEGMENTS
    draft.stage(
        "euler", at, segments=Entry(cut, at, "number of parts that each pass divides a range into")
    )
    _say_first_pass(steps, cut, draft)


def _steps(ranged: Ranged, segments: int | None, draft: Draft) -> Steps | None:
    """Return the steps, computed if the parameter has none, or None after a mistake."""
    if ranged.step is not None:
        return _given(ranged, ranged.step, draft)
    if not segments:
        expected = "expected a step, or default-segment-amount in optimization-strategy-settings"
        draft.mistake(ranged.at / "step", MISSING, expected)
        return None
    if ranged.least is not None:
        draft.dropped(ranged.at / "min-step", "LEAN ignores it without a step")
    span = Fraction(ranged.high) - Fraction(ranged.low)
    if span < 0:
        draft.mistake(ranged.at / "min", ranged.low, f"expected at most max, {ranged.high}")
        return None
    if span == 0:
        return Steps(ranged, 1, 1)
    first, finest = _rounded(span / segments), _rounded(span / segments / _FINER)
    if Fraction(first) != span / segments:
        text = f"{number_text(ranged.high)} - {number_text(ranged.low)}, divided by {segments}"
        draft.note(ranged.at, f"the step is {text}, which is not a finite decimal: rounded down")
    return Steps(ranged, first, finest)


def _given(ranged: Ranged, step: Number, draft: Draft) -> Steps | None:
    wrong = False
    for key, value in (("step", step), ("min-step", ranged.least)):
        if value is not None and value <= 0:
            draft.mistake(ranged.at / key, value, "expected a number above 0")
            wrong = True
    if ranged.low > ranged.high:
        draft.mistake(ranged.at / "min", ranged.low, f"expected at most max, {ranged.high}")
        wrong = True
    if ranged.least is not None and ranged.least > step:
        draft.mistake(ranged.at / "min-step", ranged.least, f"expected at most step, {step}")
        wrong = True
    return None if wrong else Steps(ranged, step, step if ranged.least is None else ranged.least)


def _rounded(step: Fraction) -> Number:
    """Return a step with LEAN's number of digits, rounded down so that no value passes max."""
    with localcontext(prec=100):
        value = Decimal(step.numerator) / Decimal(step.denominator)
        text = value.quantize(Decimal(1).scaleb(-_PLACES), ROUND_FLOOR)
    number = exact(text)
    return text if number is None else number


def _put_axis(steps: Steps, *, closing_in: bool, draft: Draft) -> None:
    ranged = steps.ranged
    step = steps.finest if closing_in else steps.first
    comment = ""
    if ranged.step is None and ranged.low != ranged.high:
        comment = "a step that LEAN computes from default-segment-amount"
    elif step != ranged.step and ranged.step is not None:
        comment = f"min-step; LEAN's first pass has steps of {number_text(ranged.step)}"
    value = {"min": ranged.low, "max": ranged.high, "step": step}
    draft.put("parameters", ranged.name, value, ranged.at, comment)


def _say_first_pass(steps: Sequence[Steps], segments: int, draft: Draft) -> None:
    """Note passes that differ from LEAN's."""
    for one in steps:
        span = Fraction(one.ranged.high) - Fraction(one.ranged.low)
        if one.ranged.step is not None and Fraction(one.first) != span / segments:
            draft.note(
                one.ranged.at / "step",
                f"the first pass cuts the range into {segments} parts; LEAN's has this step",
            )
