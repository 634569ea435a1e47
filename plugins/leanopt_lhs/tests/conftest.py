"""Drives stages as a search does: told in order, asked at a fixed distance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from leanopt_core.search.machine import Propose, Recorded, SearchMachine, StageRule
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leanopt_core.space import Space


def _drive(
    space: Space,
    stages: Sequence[StageRule],
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

    machine = SearchMachine(
        space,
        stages,
        seed=seed,
        lookahead=lookahead,
        score=lambda number: Score(number % 7.0),
        recorded=recorded,
    )
    shuffle = Random(order)
    proposed: list[Propose] = []
    running: list[int] = []
    while not machine.ended:
        new = [command for command in machine.advance() if isinstance(command, Propose)]
        proposed += new
        running += [command.number for command in new]
        if running:
            machine.finished(running.pop(shuffle.randrange(len(running))))
    return proposed


@pytest.fixture(scope="session")
def drive() -> Callable[..., list[Propose]]:
    """Run stages over a space and return the proposals in their order."""
    return _drive
