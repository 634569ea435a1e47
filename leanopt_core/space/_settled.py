"""Find parameters that are active at every feasible point, or at none."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Protocol

from attrs import evolve

from leanopt_core.space._conditions import active
from leanopt_core.space._counting import Condition, Rule
from leanopt_core.space._points import Point
from leanopt_core.space._sparse import Sparse
from leanopt_core.space._terms import inverse

#: How many points are looked at before anything is counted.
_LOOKS: Final = 200


class Listed(Protocol):
    """Returns the feasible points of a space that satisfy further rules."""

    def __call__(self, *, more: tuple[Rule, ...]) -> Sparse:
        """Return them."""
        ...


def settled(
    conditions: Sequence[Condition], sample: Iterable[Point], listed: Listed
) -> dict[int, bool]:
    """Return, for axes that are active at all feasible points or at none, which of the two.

    `sample` are some of the points. Conditions that read fixed parameters only are left out, and so
    are axes of which neither is proven.
    """
    unseen = {one.of: {True, False} for one in conditions if len(one.axes) > 1}
    for point in islice(sample, _LOOKS):
        if not any(unseen.values()):
            break
        seen = active(conditions, point)
        for axis, sides in unseen.items():
            sides.discard(seen[axis])
    return {
        one.of: not side
        for one in conditions
        for side in unseen.get(one.of, ())
        if len(unseen[one.of]) == 1 and _nowhere(one, listed, active=side)
    }


def _nowhere(condition: Condition, listed: Listed, *, active: bool) -> bool:
    """Return whether it is proven that no feasible point has the axis active, or inactive."""
    own = condition.constraint
    # Its text is that of the condition; what is counted is its tree and its check.
    other = evolve(own, tree=ast.copy_location(ast.UnaryOp(ast.Not(), own.tree), own.tree))
    constraint, check = (own, condition.active) if active else (other, inverse(condition.active))
    points = listed(more=(Rule(constraint, condition.axes - {condition.of}, check),))
    return not points.searches and points.size == 0
