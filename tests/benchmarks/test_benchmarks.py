"""Every benchmark runs, small, and prints the figures that it is asked for, by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CASES = (
    *("even", "spread", "slow_start", "searches", "stages", "points", "cached_first"),
    *("resumed", "resumed_late", "resumed_stages"),
)
POINTS = (1_000, 10_000, 100_000, 1_000_000)
LOADS = [f"{workers}_cv{spread}" for workers in (2, 4, 16, 64) for spread in ("0", "0.5", "1")]

_OF_RULES = ("gain", "gain_error", "gaining_groups", "differs", "better")
FIGURES = {
    "asks": {
        f"{kind}_ms_{told}_at_{rate}"
        for kind in ("mean", "longest")
        for told in (100, 500, 1000, 5000, 20000)
        for rate in ("none", 100, 200, 1000)
    },
    "documents": {
        *(f"{name}_ms" for name in ("read", "read_equity", "read_all", "json_parse")),
        *(f"{name}_peak_mb" for name in ("read", "read_equity", "read_all", "json_parse")),
        "document_mb",
    },
    "throughput": {
        *("leanopt_per_s", "leanopt_power_per_s", "optuna_memory_per_s", "optuna_sqlite_per_s"),
        *("barrier_per_s", "fdatasync_ms"),
    },
    "utilisation": {f"{kind}_{load}" for kind in ("busy", "barrier_busy") for load in LOADS},
    "growth": {
        *(f"{kind}_at_{point}" for kind in ("us_per_trial", "rss_mb") for point in POINTS),
        *("store_bytes_per_trial", "store_bytes_per_trial_28", "again_s", "resume_s"),
    },
    "evidence": {
        f"{name}_{unit}"
        for name in ("pbo", "cpcv", "report", "sensitivity")
        for unit in ("s", "mb")
    },
    "guards": {"audit_share", "plain_s", "check_warm_s", "check_warm_share"},
    "beside": {"two_processes_share", "alone_per_s"},
    "own_share": {"own_ms_1", "own_ms_2", "own_share_50ms"},
    "time_left": {f"{kind}_{one}" for kind in ("run", "watch") for one in (*CASES, "last_tenth")},
    "pruned": {
        f"random_{landscape}_{figure}"
        for landscape in ("smooth", "rugged")
        for figure in ("share", "same_best", "regret", "regret_pruned", "regret_alike")
    },
    "plateau": {
        f"{group}_{rule}_{figure}"
        for group in ("lean_32", "lean_16", "lean_8", "random")
        for rule in ("best", "median", "worst", "median2", "probed")
        for figure in ("value", "share", *(_OF_RULES if rule != "best" else ()))
    },
    "startup": {
        *("leanopt_help_s", "leanopt_plugins_s", "leanopt_runs_s", "optuna_help_s"),
        "leanopt_help_modules",
    },
}

SMALL = {
    "asks": ["--most", "100"],
    "documents": ["--repeats", "1"],
    "throughput": ["--trials", "300", "--repeats", "1"],
    "utilisation": ["--mean", "0.005", "--most", "2"],
    "growth": ["--largest", "1000"],
    "evidence": ["--trials", "50"],
    "guards": ["--repeats", "10", "--trials", "30", "--rounds", "1"],
    "beside": ["--trials", "100", "--repeats", "1"],
    "own_share": ["--trials", "5", "--repeats", "1"],
    "pruned": ["--methods", "random", "--seeds", "1", "--trials", "40"],
    "plateau": ["--quick", "--methods", "random", "--trials", "300"],
    "startup": ["--repeats", "1"],
    "time_left": ["--only", "resumed", "--trials", "0.1"],
}

#: Their figures may be zero or less.
SIGNED = ("plateau",)

#: What a small size leaves out is unknown, not invented.
LEFT_OUT: dict[str, set[str]] = {
    "asks": {name for name in FIGURES["asks"] if "_ms_100_" not in name},
    "documents": set(),
    "throughput": set(),
    "utilisation": {name for name in FIGURES["utilisation"] if "busy_2_" not in name},
    "growth": {name for name in FIGURES["growth"] if name.endswith("0000")},
    "evidence": set(),
    "guards": set(),
    "beside": set(),
    "own_share": set(),
    "pruned": set(),
    "plateau": set(),
    "startup": set(),
    "time_left": {
        f"{kind}_{one}" for kind in ("run", "watch") for one in CASES if one != "resumed"
    },
}


def measured(name: str, folder: Path, *arguments: str) -> dict[str, float | None]:
    """Run a benchmark, small, and return its figures."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--quick", "--json"]
    done = subprocess.run(
        [*command, *arguments],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["benchmark"] == name
    figures: dict[str, float | None] = printed["figures"]
    return figures


@pytest.mark.slow
@pytest.mark.benchmark
def test_searches_beside_each_other_are_measured_by_an_option(tmp_path: Path) -> None:
    """A run of many searches, of the workers that are asked for."""
    figures = measured("utilisation", tmp_path, *SMALL["utilisation"], "--searches", "3")
    assert set(figures) == {f"busy_2_cv{spread}_searches_3" for spread in ("0", "0.5", "1")}
    assert all(value is not None and 0 < value <= 1 for value in figures.values())


@pytest.mark.slow
@pytest.mark.benchmark
def test_a_method_is_measured_by_its_name(tmp_path: Path) -> None:
    """With the machine's load, without which the figure says little."""
    figures = measured("utilisation", tmp_path, "--stage", "random")
    assert set(figures) == {"busy_2_random", "load_busy_2_random"}
    busy = figures["busy_2_random"]
    assert busy is not None
    assert 0 < busy <= 1


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.parametrize(
    "name",
    sorted(FIGURES),
)
def test_a_benchmark_prints_its_figures(name: str, tmp_path: Path) -> None:
    """The last line is one JSON object; what was measured is above zero, and nothing is left."""
    figures = measured(name, tmp_path, *SMALL[name])
    assert set(figures) == FIGURES[name]
    assert {key for key, value in figures.items() if value is None} == LEFT_OUT[name]
    if name not in SIGNED:
        assert all(value > 0 for value in figures.values() if value is not None)
    assert list(tmp_path.iterdir()) == []
