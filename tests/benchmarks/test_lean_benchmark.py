"""The benchmark of warm LEAN: small with a real LEAN, and without one its pieces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
LEAN = "LEANOPT_LEAN"
PYTHON = "PYTHONNET_PYDLL"

from lean.contenders import Timed  # noqa: E402 - found only now
from lean.measures import UnequalError, check  # noqa: E402
from lean.work import WORKS, Place, drawn  # noqa: E402
from regression.results import COMPLETED, Result  # noqa: E402

WORK = ("1y", "5y", "20y", "minute", "python_1y")
FIGURES = {
    *(f"{kind}_{name}" for kind in ("stock_s", "warm_s", "ratio") for name in WORK),
    *(f"{kind}_{name}" for kind in ("peer_s", "ratio_peer") for name in ("1y", "5y")),
    *("first_answer_s", "steady_after_20", "two_workers", "own_share_50ms"),
}


def measured(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the benchmark as a user does, and return its figures."""
    command = [sys.executable, str(ROOT / "benchmarks" / "lean.py"), "--json", "--quick"]
    done = subprocess.run(
        [*command, *arguments],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["benchmark"] == "lean"
    assert set(printed["figures"]) == FIGURES
    assert list(folder.iterdir()) == []
    return printed["figures"]


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.skipif(LEAN not in os.environ, reason=f"needs a real LEAN: set {LEAN}")
def test_small_with_lean(tmp_path: Path) -> None:
    """Warm LEAN agrees with the stock Launcher, and takes less time."""
    names = ["1y", "minute", "first", *(["python_1y"] if PYTHON in os.environ else [])]
    few = ("--rounds", "1", "--settled", "5")
    figures = measured(tmp_path, "--lean", os.environ[LEAN], *few, "--only", *names)
    known = {name for name, value in figures.items() if value is not None}
    ratios = {f"ratio_{name}" for name in WORK if name in names}
    assert ratios | {"first_answer_s", "steady_after_20"} <= known
    assert all(figures[name] > 1 for name in ratios)


@pytest.mark.slow
@pytest.mark.benchmark
def test_without_lean_only_the_own_share_is_measured(tmp_path: Path) -> None:
    """No other figure is made up."""
    figures = measured(tmp_path)
    known = {name for name, value in figures.items() if value is not None}
    assert known == {"own_share_50ms"}


def test_parameters_differ_from_backtest_to_backtest() -> None:
    """The same ones come each time."""
    sets = list(islice(drawn(), 50))
    assert sets == list(islice(drawn(), 50))
    assert len({tuple(one.values()) for one in sets}) > 40
    assert all(one["fast"] < one["slow"] for one in sets)


def test_configuration_is_leanopts(tmp_path: Path) -> None:
    """Days and parameters are texts; nothing is said of folders to write to."""
    place = Place(tmp_path / "lean", tmp_path / "data", tmp_path, tmp_path / "made.dll", tmp_path)
    config = place.config(WORKS["minute"], {"fast": 3})
    assert config["algorithm-location"] == str(tmp_path / "made.dll")
    assert config["data-folder"] == str(tmp_path / "data")
    days = {"start": "2013-10-07", "end": "2013-10-11", "resolution": "minute"}
    assert config["parameters"] == {**days, "fast": "3"}
    assert "results-destination-folder" not in config
    python = place.config(WORKS["python_1y"], {})
    assert python["algorithm-language"] == "Python"
    assert Path(python["algorithm-location"]).is_file()


def test_results_that_differ_end_the_benchmark() -> None:
    """It names the parameters and what differs."""
    stock = Result(COMPLETED, statistics={"Total Orders": "4"}, order_hash="abc")
    check(Timed(1, stock), Timed(2, stock), {})
    warm = evolve(stock, order_hash="abd")
    with pytest.raises(UnequalError, match=r"\{'fast': 3\}:\n  order hash: abd, not abc"):
        check(Timed(1, warm), Timed(2, stock), {"fast": 3})
