"""Backtests that draw from global generators, without a seed of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from leanopt_harness.seeding import seed_of

#: Stands for torch, which is too large for a test: a generator that a strategy seeds itself.
TORCH = """
import random
_generator = random.Random(0)
manual_seed, rand = _generator.seed, _generator.random
"""
DRAWS = {
    "random": ("import random", "random.random()"),
    "numpy": ("import numpy", "numpy.random.random()"),
    "torch": ("import torch", "torch.rand()"),
}
WHEN = {
    "at the top": "{load}\nfrom leanopt_harness import *\n@backtest\ndef run(p, s):\n",
    "in the backtest": "from leanopt_harness import *\n@backtest\ndef run(p, s):\n    {load}\n",
}


@pytest.mark.alike(2)
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("kind", DRAWS)
def test_every_worker_draws_the_same_in_any_order(
    start: Callable[..., Any], write: Callable[[str, str], str], when: str, kind: str
) -> None:
    """And each backtest other numbers."""
    load, draw = DRAWS[kind]
    write("torch.py", TORCH)
    body = f"    p.get('x')\n    return Result({{'drawn': {draw}}})\n"
    entry = write("strategy.py", WHEN[when].format(load=load) + body)
    one, two = start(entry), start(entry)
    drawn = {x: one.run(x=x)["statistics"]["drawn"] for x in range(4)}
    assert {x: two.run(x=x)["statistics"]["drawn"] for x in reversed(range(4))} == drawn
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize("load", [load for load, _ in list(DRAWS.values())[:2]])
def test_what_the_import_draws_is_the_same_on_every_worker(
    start: Callable[..., Any], write: Callable[[str, str], str], load: str
) -> None:
    """Or the worker would decide which trial wins."""
    module = load.removeprefix("import ")
    draw = f"{module}.random.random()" if module == "numpy" else "random.random()"
    text = f"{load}\nfrom leanopt_harness import *\ndrawn = {draw}\n"
    entry = write(
        "strategy.py", f"{text}@backtest\ndef run(p, s):\n    return Result({{'drawn': drawn}})\n"
    )
    one, two = (start(entry).run()["statistics"]["drawn"] for _ in range(2))
    assert one == two


def test_a_label_and_a_place_decide_no_seed() -> None:
    """A value of the scenario does."""
    scenario = {"name": "SPY", "symbol": "SPY", "data": "/data", "end": None}
    seed = seed_of({"fast": 5}, scenario)
    assert seed == seed_of({"fast": 5}, {"name": "x", "symbol": "SPY", "data": "/elsewhere"})
    assert seed != seed_of({"fast": 5}, {"symbol": "QQQ"})
    assert seed != seed_of({"fast": 6}, {"symbol": "SPY"})


def test_the_seed_is_what_the_page_says() -> None:
    """Computed with `sha256sum`; it must never change."""
    parameters = {"stop": 0.015, "fast": 5, "exit": "close"}
    assert seed_of(parameters, {"symbol": "SPY", "cash": 100000}) == SEED


SEED = 0x4426EEAC05DDB021
