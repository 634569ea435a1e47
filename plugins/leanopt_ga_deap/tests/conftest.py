"""Drives stages as a search does: told in order, asked at a fixed distance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from leanopt_core.search.machine import Propose, Recorded, SearchMachine, StageRule
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leanopt_core.space import Point, Space


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

    `score` makes a result of a point. `stored` are proposals of an earlier run: the search replays
    them, and fails where it differs.
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
        for command in machine.advance():
            if isinstance(command, Propose):
                proposed.append(command)
                running.append(command.number)
        if running:
            machine.finished(running.pop(shuffle.randrange(len(running))))
    return proposed


@pytest.fixture(scope="session")
def drive() -> Callable[..., list[Propose]]:
    """Run stages over a space and return the proposals in their order."""
    return _drive
