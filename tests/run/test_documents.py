"""Full result files of an engine that writes them on demand, and what its hello decides."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.project_files import STORE
from leanopt_core.search.prepare import prepared
from leanopt_core.search.single import PointBacktest, backtest_points
from leanopt_core.store.store import open_store

HARNESS = Path(__file__).with_name("paper_harness.py")

PLUGIN = """
import json
from pathlib import Path

from attrs import field, frozen

from leanopt_core.api import hookimpl
from leanopt_core.engines.base import Build
from leanopt_core.engines.inline import read_inline
from leanopt_core.specs import EngineSpec
from leanopt_core.work import Launch, Mount, Request


@frozen
class Options:
    demand: bool = field(default=True, kw_only=True)
    odd: int = field(default=0, kw_only=True)


class Paper:
    data = data_files = None

    def __init__(self, options, project):
        self.options, self.project = options, project
        self.documents_on_demand = options.demand

    def prepare(self, once, place, brief):
        command = ("{python}", "{harness}", str(self.project / "log"))
        launch = Launch(command, (Mount("harness", Path("HARNESS")),))
        return Build("paper", "source", "identity", launch)

    def request(self, backtest, outputs, hello):
        told = {
            "x": int(backtest.parameters["x"]),
            "odd": self.options.odd,
            "told": sorted(hello.abilities),
            "outputs": sorted(outputs),
        }
        if "document" not in outputs and self.options.demand:
            return Request(json.dumps(told))
        folder = "{request}"
        return Request(json.dumps({**told, "folder": folder}), (folder,), {"in": ""})

    def read(self, answer, backtest, outputs):
        return read_inline(answer.payload)


def create(options, project):
    return Paper(options, project)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines():
    return [EngineSpec("paper", "paper:create", Options, "Writes documents on demand")]
"""

PIPELINE = """
name = "paper"
seed = 1

[strategy]
engine = "paper"

[parameters]
x = { min = 1, max = 20, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
curves = "none"

[[stage]]
use = "grid"
"""

Requests = list[dict[str, Any]]


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on the paper engine; its best trials are those near x = 7."""
    site, folder = tmp_path / "site", tmp_path / "project"
    info = site / "paper-1.0.dist-info"
    info.mkdir(parents=True)
    folder.mkdir()
    (site / "paper.py").write_text(PLUGIN.replace("HARNESS", str(HARNESS)))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paper\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\npaper = paper\n")
    (folder / "pipeline.toml").write_text(PIPELINE)
    monkeypatch.setenv("PYTHONPATH", str(site))
    return folder


def requests(folder: Path) -> Requests:
    """Return what the harnesses were asked."""
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def documents(folder: Path) -> dict[str, list[str]]:
    """Return the names of the files kept, by run and trial."""
    kept: dict[str, list[str]] = {}
    root = folder / ".leanopt" / "results"
    for path in sorted(root.rglob("*")):
        if path.is_file():
            run, _search, trial, *_ = path.relative_to(root).parts
            kept.setdefault(f"{run}/{trial}", []).append(path.name)
    return kept


def keeps(leanopt: Callable[..., Any], folder: Path, keep: str, *more: str) -> Any:
    """Run with `[search] keep`."""
    return leanopt(folder, "run", "pipeline.toml", "--set", f"search.keep={keep}", *more)


def test_without_keep_no_document_is_asked_for(paper: Path, leanopt) -> None:
    """And no request has a folder."""
    keeps(leanopt, paper, "none")
    assert len(requests(paper)) == 20
    assert not any("folder" in one or one["outputs"] for one in requests(paper))
    assert documents(paper) == {}


@pytest.mark.long
@pytest.mark.parametrize(("keep", "kept"), [("all", 20), ("failed", 0)])
def test_where_any_may_be_kept_every_request_asks(
    paper: Path, leanopt, keep: str, kept: int
) -> None:
    """Whether a backtest will fail is not known before."""
    keeps(leanopt, paper, keep)
    assert [one["outputs"] for one in requests(paper)] == [["document"]] * 20
    assert len(documents(paper)) == kept


def test_the_best_are_run_again_for_theirs(paper: Path, leanopt, canonical, shown) -> None:
    """After the search; neither its trials nor its counts know of it."""
    keeps(leanopt, paper, "none")
    truth, backtests = canonical(paper), shown(paper)["backtests"]
    (paper / ".leanopt" / "leanopt.db").unlink()
    (paper / "log").unlink()
    keeps(leanopt, paper, "best:3")
    asked = requests(paper)
    assert [one["outputs"] for one in asked] == [[]] * 20 + [["document"]] * 3
    assert sorted(one["x"] for one in asked[20:]) == [6, 7, 8]
    assert documents(paper) == {f"paper-1/{n}": ["in", "report.json"] for n in (6, 7, 8)}
    assert canonical(paper) == truth
    assert {**shown(paper)["backtests"], "seconds": 0} == {**backtests, "seconds": 0}


def test_the_cache_answers_whatever_was_asked_for_then(paper: Path, leanopt, shown) -> None:
    """A document is no part of a backtest's key, and is had from it all the same."""
    keeps(leanopt, paper, "none")
    keeps(leanopt, paper, "best:1", "--again")
    assert shown(paper)["backtests"]["run"] == 0
    assert requests(paper)[20:] == [requests(paper)[-1]]
    assert documents(paper) == {"paper-2/7": ["in", "report.json"]}


def test_an_engine_that_always_leaves_files_runs_nothing_again(paper: Path, leanopt) -> None:
    """Those of the best stay, as the others go."""
    keeps(leanopt, paper, "best:3", "--set", "strategy.demand=false")
    assert len(requests(paper)) == 20
    assert sorted(documents(paper)) == ["paper-1/6", "paper-1/7", "paper-1/8"]


def test_a_rerun_that_differs_is_told(paper: Path, leanopt, canonical) -> None:
    """With the trial and the statistic; what is stored stays."""
    done = keeps(leanopt, paper, "best:3", "--set", "strategy.odd=6")
    assert "search 1, trial 6, scenario default: its full results differ" in done.stderr
    assert "Total Orders: 5.0, now 6.0" in done.stderr
    assert done.stderr.count("warning") == 1
    assert len(documents(paper)) == 3


@pytest.mark.long
def test_an_interrupted_run_has_them_when_it_is_resumed(paper: Path, leanopt, start, shown) -> None:
    """Interrupted while the best are run again, the run is unfinished."""
    hold = paper / "log.hold"
    hold.touch()
    keep = ("pipeline.toml", "--set", "search.keep=best:2")
    process = start(paper, "run", *keep)
    while not (paper / "log").exists() or len(requests(paper)) <= 20:
        assert process.poll() is None, process.communicate()[1]
    os.kill(process.pid, signal.SIGINT)
    assert process.wait() == 130
    assert shown(paper)["state"] == "interrupted"
    assert documents(paper) == {}
    hold.unlink()
    leanopt(paper, "run", *keep, "--resume")
    assert shown(paper)["state"] == "finished"
    assert len(documents(paper)) == 2
    assert shown(paper)["backtests"]["run"] == 20


def test_a_request_by_hand_is_worded_by_the_first_hello(paper: Path, leanopt, shown) -> None:
    """As the run's own were, also when it was resumed."""
    keeps(leanopt, paper, "none")
    (hand,) = shown(paper, "7")["reproduce"]
    told = json.loads(hand["request"])
    assert told["told"] == ["dates", "document", "statistics"]
    (sent,) = (one for one in requests(paper) if one["x"] == 7)
    assert {**sent, "id": "1"} == told
    assert shown(paper)["execution"]["hello"] == {
        "abilities": told["told"],
        "engine": "paper",
        "protocol": 1,
    }


def test_single_backtests_keep_their_documents(paper: Path, monkeypatch) -> None:
    """One whose documents were not kept runs again, once."""
    monkeypatch.syspath_prepend(paper.parent / "site")
    loaded = load_pipeline(paper / "pipeline.toml", discover())
    with open_store(paper / STORE) as store, prepared(loaded) as ready:

        def backtest(keep: bool) -> PointBacktest:
            (result,) = backtest_points(ready, store, [{"x": 7}], keep=keep)
            return result.backtests[0]

        made = [backtest(keep) for keep in (False, True, True, False)]
    assert [one.cached for one in made] == [False, False, True, True]
    assert [one["outputs"] for one in requests(paper)] == [[], ["document"]]
    assert made[0].results is None
    folder = made[1].results
    assert folder is not None
    assert [file.name for file in folder.iterdir() if file.name != "in"] == ["report.json"]
    assert made[2].results == folder
    with open_store(paper / STORE) as store:
        assert len(store.single_backtests()) == 1
