"""Drives stages as a search does: told in order, asked at a fixed distance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from leanopt_core.search.machine import Propose, SearchMachine, StageRule, Withdraw
from leanopt_core.trial import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leanopt_core.space import Space


def _drive(
    space: Space, stages: Sequence[StageRule], *, lookahead: int = 16, seed: int = 7, order: int = 0
) -> list[Propose]:
    """Run a search whose backtests end in an arbitrary `order`; return its proposals."""
    shuffle = Random(order)
    machine = SearchMachine(
        space, stages, seed=seed, lookahead=lookahead, score=lambda number: Score(number % 7.0)
    )
    proposed: list[Propose] = []
    running: list[int] = []
    while not machine.ended:
        for command in machine.advance():
            if isinstance(command, Propose):
                proposed.append(command)
                running.append(command.number)
            elif isinstance(command, Withdraw):
                running = [number for number in running if number not in command.numbers]
        if running:
            machine.finished(running.pop(shuffle.randrange(len(running))))
    return proposed


@pytest.fixture(scope="session")
def drive() -> Callable[..., list[Propose]]:
    """Run stages over a space and return the proposals in their order."""
    return _drive
