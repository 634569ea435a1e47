"""The part of an axis that one pass tries, and how it narrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from attrs import evolve, frozen

from leanopt_core.api import Axis, PluginError, Space, did_you_mean


@frozen
class Scope:
    """The levels of an axis that a pass tries: `reach` steps to either side of `centre`.

    A step may be a fraction of a level; levels are rounded. The smallest step is `least`. Choices
    have no steps: every pass tries all of them.
    """

    size: int
    ordered: bool
    least: int
    step: Fraction
    centre: Fraction
    span: int

    @property
    def fine(self) -> bool:
        """Return whether the step cannot become smaller."""
        return not self.ordered or self.step == self.least

    @property
    def levels(self) -> Sequence[int]:
        """Return the levels that the pass tries, rising."""
        if not self.ordered:
            return range(self.size)
        low = max(-self.span, ceil(-self.centre / self.step))
        high = min(self.span, floor((self.size - 1 - self.centre) / self.step))
        return sorted({round(self.centre + i * self.step) for i in range(low, high + 1)})

    def closer(self, level: int, segments: int) -> Scope:
        """Return the next pass's scope: around `level`, with a segment of this one as step."""
        step = max(Fraction(self.least), self.step / segments)
        return evolve(self, step=step, centre=Fraction(level), span=segments // 2)


def whole(space: Space, segments: int, min_step: Mapping[str, Decimal]) -> list[Scope]:
    """Return the first pass's scopes: each axis from end to end, cut into so many segments.

    Raises PluginError if `min_step` names no searched parameter, or one without a step.
    """
    for name in min_step:
        if name not in space.names:
            raise PluginError(
                f"min_step names {name!r}; expected a searched parameter; "
                f"{did_you_mean(name, space.names)}"
            )
    return [_whole(axis, segments, min_step.get(axis.name)) for axis in space.axes]


def _whole(axis: Axis, segments: int, min_step: Decimal | None) -> Scope:
    last = len(axis) - 1
    least = 1 if min_step is None else _levels(axis, min_step)
    step = max(Fraction(least), Fraction(last, segments))
    return Scope(len(axis), axis.ordered, least, step, Fraction(0), floor(last / step))


def _levels(axis: Axis, min_step: Decimal) -> int:
    """Return how many steps of its grid make up a parameter's `min_step`, rounded up."""
    if axis.kind not in ("int", "float"):
        raise PluginError(
            f"min_step.{axis.name} is {min_step}, but {axis.name} has no step: "
            f"it is defined by {'levels' if axis.kind == 'log' else axis.kind}"
        )
    if len(axis) == 1:
        return 1
    first, second = (Fraction(value) for value in axis.values[:2])
    return ceil(Fraction(min_step) / (second - first))
