"""A search that a plugin stopped: recorded before it takes effect, and the same on a resume."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

OBSERVER = """
from leanopt_core.api import hookimpl

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_should_stop(run, record):
    return "enough" if record.trial.number == 12 else None
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a distribution that stops every search after trial 12."""
    info = tmp_path / "site" / "stopper-1.0.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "site" / "stopper.py").write_text(OBSERVER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stopper\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nstopper = stopper\n")
    return tmp_path / "site"


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("returned", "stop"),
    [("'  '", None), ("'  enough\\n'", "enough"), ("'x' * 100_000", "x" * 497 + "...")],
)
def test_a_reason_is_a_short_text(
    project: Path, site: Path, leanopt, canonical, returned: str, stop: str | None
) -> None:
    """Spaces around it do not count, and it has 500 characters at most."""
    (site / "stopper.py").write_text(OBSERVER.replace('"enough"', returned))
    ended = leanopt(project, "run", "pipeline.toml", PYTHONPATH=str(site))
    assert "warning" not in ended.stderr
    stops = [
        one["stop"]
        for line in canonical(project).splitlines()
        if "stop" in (one := json.loads(line))
    ]
    assert stops == ([] if stop is None else [{"reason": stop}])


@pytest.mark.long
def test_a_run_that_died_between_the_stop_and_its_end_is_resumed(
    project: Path, site: Path, leanopt, canonical, shown
) -> None:
    """Sinks are told the trial at which it stopped again; the plugin need not be there."""
    with (project / "pipeline.toml").open("a") as file:
        file.write('\n[[sink]]\nuse = "jsonl"\n')
    leanopt(project, "run", "pipeline.toml", PYTHONPATH=str(site))
    truth, sink = canonical(project), (project / "trials-hill-1.jsonl").read_text()
    assert [json.loads(line)["number"] for line in sink.splitlines()] == list(range(1, 13))
    assert json.loads(truth.splitlines()[12])["stop"] == {"reason": "enough"}
    # As a kill would leave it: the stop and the trial are durable, what followed is not.
    store = sqlite3.connect(project / ".leanopt" / "leanopt.db")
    store.execute("UPDATE runs SET state = 'running', finished_at = NULL")
    store.execute("UPDATE searches SET ended = NULL")
    store.execute("UPDATE stages SET ended = NULL")
    store.commit()
    store.close()
    leanopt(project, "run", "pipeline.toml", "--resume")
    assert canonical(project) == truth
    assert (project / "trials-hill-1.jsonl").read_text() == sink
    assert shown(project)["state"] == "finished"
