"""`[prune] rungs = ["1y", "2y"]`: short spans first, with all that a pipeline has beside it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.project_files import STORE
from tests.processes import kill_once
from tests.projects import lay
from tests.run.test_halving import NAMES, SPANS, STRATEGY
from tests.run.test_pruned import lines
from tests.run.test_warmup import PLUGIN
from tests.stored import told

WINDOWS = """
[walk_forward]
train = ["1y", "3y"]
test = "1y"
"""

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a new folder with the project."""

    def written(name: str, text: str = SPANS) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        return lay(folder, STRATEGY, text)

    return written


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory, leanopt) -> Path:
    """The folder of an undisturbed run on two workers."""
    folder = lay(tmp_path_factory.mktemp("spans"), STRATEGY, SPANS)
    leanopt(folder, "run", "pipeline.toml")
    return folder


def test_it_is_planned_and_shown(halved: Path, leanopt, shown) -> None:
    """The spans before the run; after it at which step a trial was pruned, in every form."""
    said = leanopt(halved, "plan", "pipeline.toml").stdout
    assert "prune: a trial is judged by its last 1y, 2y, then all days; the best 1/3" in said
    every = lines(leanopt(halved, "export", "--to", "jsonl").stdout)
    one = next(one for one in every if one.get("pruned_at") == 0 and one["failure"] is None)
    assert list(one["backtests"]) == NAMES[1]
    page = leanopt(halved, "show", str(one["number"])).stdout
    assert "pruned after 1 of 3 steps" in page
    assert f"last days {NAMES[1][0]}:" in page
    assert "scenario A:\n  not run: the trial was pruned" in page
    said = json.loads(leanopt(halved, "show", str(one["number"]), "--json").stdout)
    assert [cut["name"] for cut in said["cuts"]] == NAMES[1]
    assert (said["backtests"], said["pruned_at"]) == ([], 0)
    assert [way["scenario"] for way in said["reproduce"]][:2] == NAMES[1]
    table = leanopt(halved, "show", "--where", "pruned", "--top", "500").stdout
    assert [f"{step} of 3" in table for step in (1, 2, 3)] == [True, True, False]
    rows = list(csv.DictReader(leanopt(halved, "export", "--to", "csv").stdout.splitlines()))
    (row,) = [row for row in rows if row["trial"] == str(one["number"])]
    assert float(row[f"cuts.{NAMES[1][0]}.Net Profit"]) > -10
    assert row["statistics.A.Net Profit"] == ""
    verified = json.loads(leanopt(halved, "verify", "hill-1", "--all", "--json").stdout)
    assert {one["result"] for one in verified["backtests"]} == {"equal"}


def test_series_of_a_pruned_trial(halved: Path, leanopt, canonical) -> None:
    """A backtest that pruning saved is not called unfinished; one on the last days ran."""
    every = lines(canonical(halved))
    pruned = next(one for one in every if one.get("pruned_at") == 0 and one["failure"] is None)
    asked = ("export", f"hill-1:{pruned['number']}", "--to", "equity", "--scenario")
    said = leanopt(halved, *asked, "A", check=False).stderr
    assert "was pruned before this backtest; choose another --scenario" in said
    said = leanopt(halved, *asked, NAMES[1][0], check=False).stderr
    assert "the strategy reports no equity curve" in said


def test_the_cache_answers_spans(halved: Path, project: Project, leanopt, canonical, shown) -> None:
    """Content keys are by dates: what a run of the last year has made is not made again."""
    folder = project("cached")
    last = ("--set", "scenario.start=2013-01-01", "--set", "prune.use=none")
    leanopt(folder, "run", "pipeline.toml", *last)
    leanopt(folder, "run", "pipeline.toml")
    counts, trials = shown(folder, "hill-2")["backtests"], lines(canonical(folder, "hill-2"))
    known = {str(one["parameters"]) for one in lines(canonical(folder, "hill-1"))}
    cached = [one for one in trials if str(one["parameters"]) in known]
    assert counts["from_cache"] == 2 * len(cached) > 120
    assert canonical(folder, "hill-2") == canonical(halved)


@pytest.mark.long
def test_windows_cut_their_training_days(project: Project, leanopt, canonical) -> None:
    """Tests and holdout are never cut; a window that is as short as a rung has no such rung."""
    text = SPANS + WINDOWS + "[holdout]\nstart = 2014-01-01\nend = 2014-12-31\n"
    folder = project("windows", text)
    leanopt(folder, "run", "pipeline.toml")
    found = lines(canonical(folder))
    spans: dict[int, set[str]] = {}
    for one in found:
        for kind in ("statistics", "cuts"):
            names = one.get(kind, ()) if "test" not in one else ()
            spans.setdefault(one["search"], set()).update(name[2:] for name in names)
    years = [f"{year}-01-01 to {year}-12-31" for year in range(2010, 2014)]
    assert spans == {
        **{at: {years[at - 1]} for at in (1, 2, 3)},
        4: {years[2], "2011-01-01 to 2012-12-31", "2010-01-01 to 2012-12-31"},
    }
    assert {one["test"][2:] for one in found if "test" in one} == set(years[1:])
    pruned = {one["search"] for one in found if "pruned_at" in one}
    assert pruned == {4}
    said = json.loads(leanopt(folder, "holdout", "hill-1", "--json").stdout)
    assert "2014-01-01" in json.dumps(said)


@pytest.mark.long
def test_each_symbol_of_a_universe(project: Project, leanopt, canonical) -> None:
    """Separate searches have rungs of their own scenario."""
    text = SPANS.replace("start =", "separate = true\nstart =")
    folder = project("separate", text)
    leanopt(folder, "run", "pipeline.toml")
    for one in lines(canonical(folder)):
        symbol = "AB"[one["search"] - 1]
        assert {name[0] for name in (*one["cuts"], *one["statistics"])} == {symbol}
        assert len(one["cuts"]) + len(one["statistics"]) == 1 + one.get("pruned_at", 2)


@pytest.mark.alike(1)
@pytest.mark.parametrize("takes", ["", ', takes="dates"'])
def test_an_engine_without_dates_is_refused(project: Project, install, leanopt, takes: str) -> None:
    """Before the run: every rung would be all days."""
    install("plain", PLUGIN.format(takes=takes))
    folder = project("plain")
    sets = ("--set", "strategy.engine=plain", "--set", "stage.1.trials=3")
    done = leanopt(folder, "run", "pipeline.toml", *sets, check=False)
    assert (done.returncode == 0) == bool(takes)
    if not takes:
        assert done.returncode == 3
        assert (
            'strategy.engine: found "plain", expected an engine that takes dates, since '
            'prune.rungs = ["1y", "2y"] (plain 1.0 runs all days, however short a rung is)'
        ) in done.stderr
        assert not (folder / STORE).exists()


METHODS = {
    "surrogate": "",
    "optuna": "",
    "ga_deap": "population_size = 8",
    "nsga2": "population_size = 8",
    "local_grid": 'seed_from = "lhs"',
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_methods_that_learn(project: Project, leanopt, start, canonical, method: str) -> None:
    """Scores of short spans depend on no worker, and a kill changes nothing."""
    learning = f'use = "{method}"\n{METHODS[method]}\ntrials = 30'
    text = SPANS.replace('use = "lhs"\ntrials = 60', 'use = "lhs"\ntrials = 12')
    text = text.replace('use = "grid"\ntrials = 60', learning)
    folder, killed = project("one", text), project("killed", text)
    leanopt(folder, "run", "pipeline.toml", "--workers", "1")
    process = start(killed, "run", "pipeline.toml", "--workers", "7", HILL_DELAY="0.02")
    kill_once(process, lambda: told(killed) >= 20)
    leanopt(killed, "resume", "--workers", "2")
    found = canonical(folder)
    assert canonical(killed) == found
    assert any("pruned_at" in one for one in lines(found))
