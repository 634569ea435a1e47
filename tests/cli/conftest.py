"""Views of runs as the screens are given them."""

from __future__ import annotations

import pytest

from leanopt_core.cli.progress import Best, StageView, View


@pytest.fixture
def view() -> View:
    """A run in its second stage of three, with something of everything."""
    return View(
        run="trend-7",
        fitness="calmar",
        elapsed=75.4,
        stages=(
            StageView("lhs", 128, 128, "ended", "trials"),
            StageView("random", 1_000, 250, "at work"),
            StageView("polish", None),
        ),
        told=378,
        feasible=120,
        backtests=300,
        cached=80,
        failures=(("strategy error", 3), ("timeout", 1)),
        workers=4,
        rate=25.0,
        busy=0.964,
        best=Best(
            212,
            1.25,
            {"fast": "12", "slow": "150", "exit": "trail"},
            {"annual return": "12.5%", "drawdown": "10.0%", "orders": "1,204"},
        ),
        curve=(0.1, 0.1, 0.5, 0.5, 1.25),
        now="stage random",
        warnings=("first", "second", "third", "a fourth one\nwith a second line"),
    )
