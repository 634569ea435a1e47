"""`leanopt cache` shows what the store takes, and prunes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Leanopt = Callable[..., subprocess.CompletedProcess[str]]


def test_the_table_has_a_row_for_each_run(searched: Path, leanopt: Leanopt) -> None:
    """And the JSON the same numbers, with the size in bytes."""
    head, counts, _, *table = leanopt(searched, "cache").stdout.splitlines()
    assert "leanopt.db: " in head
    assert head.endswith(" of log")
    assert counts == "80 backtests"
    assert [line.split()[:5] for line in table[1:]] == [
        ["slope-1", "finished", "40", "0", "0"],
        ["slope-2", "finished", "40", "0", "0"],
    ]
    document = json.loads(leanopt(searched, "cache", "--json").stdout)
    assert (document["backtests"], document["unused"], document["held"]) == (80, 0, 0)
    assert document["used"] > 0
    builds = {run["build"] for run in document["runs"]}
    assert len(builds) == 1


def test_what_a_kept_run_uses_is_never_pruned(project: Path, leanopt: Leanopt) -> None:
    """A deleted run's backtests stay while another run uses them, and go with it."""
    leanopt(project, "run", "pipeline.toml")
    later = ("run", "pipeline.toml", "--set", "fitness.statistic=Drawdown")
    leanopt(project, *later)
    leanopt(project, "delete", "slope-1", "--yes")
    kept = json.loads(leanopt(project, "cache", "--prune", "--yes", "--json").stdout)
    hits = kept["runs"][0]["hits"]
    assert hits > 0
    assert kept["unused"] == 0
    leanopt(project, "delete", "slope-2", "--yes")
    left = json.loads(leanopt(project, "cache", "--json").stdout)
    assert (left["backtests"], left["unused"], left["runs"]) == (hits, hits, [])
    pruned = leanopt(project, "cache", "--prune", "--older", "1d", "--yes")
    assert pruned.stderr == "removed 0 unused backtests\n"
    asked = leanopt(project, "cache", "--prune", check=False)
    assert f"Remove {hits} unused backtests?" in asked.stdout
    assert asked.returncode == 1
    pruned = leanopt(project, "cache", "--prune", "--vacuum", "--yes")
    assert pruned.stderr == f"removed {hits} unused backtests\n"
    assert "0 backtests" in pruned.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--older", "90d"), "--older 90d: it limits --prune, which is not given"),
        (("--prune", "--older", "90"), "--older: found '90'"),
        (("--prune", "--size", "1XB"), "--size: found '1XB'"),
        (("--prune", "--build", ""), "--build: found ''"),
        (
            ("--prune", "--build", "zz"),
            "--build zz: no stored backtest has this build (choose from: ",
        ),
    ],
)
def test_options_that_mean_nothing(
    searched: Path, leanopt: Leanopt, arguments: tuple[str, ...], message: str
) -> None:
    """Each is an error that says what was expected."""
    refused = leanopt(searched, "cache", *arguments, check=False)
    assert refused.returncode == 2
    assert message in refused.stderr
