"""The feasible points of a space: how to draw them, found out when that is first asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from leanopt_core.space._axis import Axis
from leanopt_core.space._constraint import ParameterConstraint
from leanopt_core.space._counting import Condition, Rule
from leanopt_core.space._numbers import Value
from leanopt_core.space._points import Point
from leanopt_core.space._sparse import Sampling, Sparse, is_sparse, is_sparse_in, sparse_of
from leanopt_core.space._terms import Check


class Feasible:
    """The points of a space where its constraints and its conditions hold.

    `holds` is true for these; `sizes` are the lengths of the axes.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        fixed: Mapping[str, Value],
        constraints: Sequence[ParameterConstraint],
        conditions: Sequence[Condition],
        *,
        sizes: Sequence[int],
        holds: Check,
    ) -> None:
        self._axes, self._sizes, self._fixed = axes, sizes, fixed
        self._constraints, self._conditions = constraints, conditions
        self._holds = holds

    @cached_property
    def sampling(self) -> Sampling:
        """How they are found; the first time this can take some seconds."""
        return Sampling("rejection") if self._sparse is None else self._sparse.sampling()

    @cached_property
    def base(self) -> Sparse | None:
        """The canonical points, None without conditions or if they cannot be counted."""
        if not self._conditions:
            return None
        base = sparse_of(self._axes, self._fixed, (), more=self._conditions)
        return None if base.searches else base

    def listed(self, steps: int = 1_000_000, more: tuple[Rule, ...] = ()) -> Sparse:
        """Return them without rejection, with `more` rules; larger groups are searched."""
        rules = (*self._conditions, *more)
        return sparse_of(self._axes, self._fixed, self._constraints, steps, rules)

    @cached_property
    def _sparse(self) -> Sparse | None:
        """The feasible points if they are too few for rejection."""
        base = self.base
        if base is not None and not self._constraints:
            return base
        if base is not None:
            return self.listed() if is_sparse_in(base, self._holds) else None
        ruled = self._constraints or self._conditions
        return self.listed() if ruled and is_sparse(self._sizes, self._holds) else None

    def points(self, seed: int) -> Iterator[Point] | None:
        """Yield each once, in a random order; None if points of the whole grid are rejected."""
        if self._sparse is not None:
            return self._sparse.points(seed)
        return None if self.base is None else filter(self._holds, self.base.points(seed))
