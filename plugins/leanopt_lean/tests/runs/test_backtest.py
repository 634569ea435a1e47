"""`leanopt backtest` of a LEAN project: its documents are kept, its curve and trades written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.leanopt_lean.tests.runs.conftest import Project, either

POINT = ("--param", "fast=5", "--param", "slow=50", "--param", "entry=2")


def backtest(leanopt: Any, lean: Project, *arguments: str) -> dict[str, Any]:
    """Return the only backtest of the command."""
    done = leanopt(lean.folder, "backtest", *arguments, "--json", **lean.environment)
    (one,) = json.loads(done.stdout)["backtests"]
    return dict(one)


@either
def test_full_results_are_kept(lean: Project, leanopt: Any) -> None:
    """LEAN's own document among them; the second time nothing runs."""
    first, second = (backtest(leanopt, lean, *POINT) for _ in range(2))
    assert (first["from_cache"], second["from_cache"]) == (False, True)
    assert second["results"] == first["results"]
    names = [file.name for file in Path(first["results"]).rglob("*.json")]
    assert any("summary" not in name and "order" not in name for name in names), names
    assert first["statistics"]["Total Orders"] > 0


@pytest.mark.long
@either
def test_a_trial_whose_documents_were_not_kept(lean: Project, leanopt: Any) -> None:
    """It runs again for them, gives the same, and counts as no other trial."""
    leanopt(lean.folder, "run", "--set", "stage.0.trials=3", **lean.environment)
    found = backtest(leanopt, lean, "--of", "spy-1:2")
    assert not found["from_cache"]
    assert found["differs"] is None
    assert Path(found["results"]).is_dir()
    assert backtest(leanopt, lean, "--of", "spy-1:2")["from_cache"]


def test_curve_and_trades(lean: Project, leanopt: Any) -> None:
    """As LEAN reports them."""
    out = lean.folder / "out"
    leanopt(
        *(lean.folder, "backtest", *POINT, "--to", "equity", "--to", "trades", "-o", out),
        **lean.environment,
    )
    assert len((out / "equity.csv").read_text().splitlines()) > 100
    assert (out / "trades.csv").read_text().startswith("entry_time,")


@pytest.mark.long
def test_what_is_pruned_takes_its_full_results_with_it(lean: Project, leanopt: Any) -> None:
    """`leanopt cache --prune`."""
    folder = Path(backtest(leanopt, lean, *POINT)["results"])
    leanopt(lean.folder, "cache", "--prune", "--older", "1d", "--yes")
    assert folder.is_dir()
    leanopt(lean.folder, "cache", "--prune", "--yes")
    assert not folder.exists()
    assert not backtest(leanopt, lean, *POINT)["from_cache"]
