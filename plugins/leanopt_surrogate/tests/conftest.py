"""Drives stages as a search does: told in order, asked at a fixed distance."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest
from leanopt_surrogate import SurrogateOptions
from leanopt_surrogate._impl import create

from leanopt_core.search.machine import Propose, Recorded, SearchMachine, StageRule
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leanopt_core.space import Point


def _drive(
    space: Space,
    stages: Sequence[StageRule],
    score: Callable[[Point], Score],
    *,
    lookahead: int = 16,
    seed: int = 7,
    order: int = 0,
    stored: Sequence[Propose] = (),
) -> list[Propose]:
    """Run a search whose backtests end in an arbitrary `order`; return its proposals.

    `stored` are proposals of an earlier run: the search replays them, and fails where it differs.
    """

    def recorded(number: int) -> Recorded | None:
        if number > len(stored):
            return None
        was = stored[number - 1]
        stage, proposal = stages[was.index].name, was.proposal
        return Recorded(stage, proposal.point, proposal.origin, was.attempt, was.told)

    proposed: list[Propose] = []
    machine = SearchMachine(
        space,
        stages,
        seed=seed,
        lookahead=lookahead,
        score=lambda number: score(proposed[number - 1].proposal.point),
        recorded=recorded,
    )
    shuffle = Random(order)
    running: list[int] = []
    while not machine.ended:
        new = [command for command in machine.advance() if isinstance(command, Propose)]
        proposed += new
        running += [command.number for command in new]
        if running:
            machine.finished(running.pop(shuffle.randrange(len(running))))
    return proposed


def _stage(trials: int | None, name: str = "surrogate", **options: int) -> StageRule:
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
def drive() -> Callable[..., list[Propose]]:
    """Run stages over a space and return the proposals in their order."""
    return _drive


@pytest.fixture(scope="session")
def stage() -> Callable[..., StageRule]:
    """Make a stage of this method."""
    return _stage


@pytest.fixture(scope="session")
def space() -> Callable[..., Space]:
    """Make a space."""
    return _space
