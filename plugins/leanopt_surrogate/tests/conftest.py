"""Spaces and stages for tests of the method."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from leanopt_surrogate import SurrogateOptions
from leanopt_surrogate._impl import create

from leanopt_core.search.commands import StageRule
from leanopt_core.space import Axis, ParameterConstraint, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _stage(trials: int | None, name: str = "surrogate", **options: Any) -> StageRule:
    return StageRule(name, f"stage {name!r}", partial(create, SurrogateOptions(**options)), trials)


def _space(*lengths: int, rules: Sequence[str] = (), choices: Sequence[int] = ()) -> Space:
    """Return a space of axes a, b, c ... of these lengths; those at `choices` have no order."""
    names = "abcdefgh"[: len(lengths)]
    axes = [
        Axis.choices(name, [f"v{level}" for level in range(length)])
        if place in choices
        else Axis.integers(name, 0, length - 1, 1)
        for place, (name, length) in enumerate(zip(names, lengths, strict=True))
    ]
    known = {axis.name: axis for axis in axes}
    return Space(axes, {}, [ParameterConstraint.parse(rule, known) for rule in rules])


@pytest.fixture(scope="session")
def stage() -> Callable[..., StageRule]:
    """Make a stage of this method."""
    return _stage


@pytest.fixture(scope="session")
def space() -> Callable[..., Space]:
    """Make a space."""
    return _space
