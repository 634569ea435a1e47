"""Spaces and stages for tests of the method."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from leanopt_optuna import OptunaOptions
from leanopt_optuna._impl import create

from leanopt_core.search.commands import StageRule
from leanopt_core.space import Axis, ParameterConstraint, Space

if TYPE_CHECKING:
    from collections.abc import Callable


def _space(*lengths: int, rules: tuple[str, ...] = (), choices: int = 0) -> Space:
    names = "abcdefgh"[: len(lengths)]
    axes = [Axis.integers(n, 0, size - 1, 1) for n, size in zip(names, lengths, strict=True)]
    if choices:
        axes.append(Axis.choices("z", [f"choice {i}" for i in range(choices)]))
    return Space(tuple(axes), {}, tuple(ParameterConstraint.parse(rule, names) for rule in rules))


def _stage(
    trials: int | None, *, name: str = "optuna", seed_from: tuple[str, ...] = (), **options: Any
) -> StageRule:
    build = partial(create, OptunaOptions(**options))
    return StageRule(name, f"stage {name}", build, trials, seed_from=seed_from)


@pytest.fixture(scope="session")
def space() -> Callable[..., Space]:
    """Make a space with axes a, b, c ... of so many levels each, and one of choices, z."""
    return _space


@pytest.fixture(scope="session")
def stage() -> Callable[..., StageRule]:
    """Make the stage `optuna` with these options."""
    return _stage
