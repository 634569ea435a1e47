"""Scratch folders in a folder of the user's, and copies of sources that nobody needs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

RUN = ("run", "pipeline.toml", "--set", "stage.0.trials=4", "--set", "stage.1.trials=1")


@pytest.mark.long
def test_workers_write_where_the_user_says(project: Path, leanopt, canonical) -> None:
    """In a folder of this user's below it; it is empty afterwards, and the trials are the same."""
    leanopt(project, *RUN, "--seed", "1")
    truth = canonical(project)
    strategy = project / "strategy.py"
    seen = project.parent / "seen"
    told = f"open({str(seen)!r}, 'w').write(os.environ['LEANOPT_SCRATCH'])"
    strategy.write_text(f"{strategy.read_text()}\n\n{told}\n")
    elsewhere = project.parent / "else where"
    elsewhere.mkdir()
    there = ("--set", 'executor.scratch_folder="../else where"')
    leanopt(project, *RUN, "--seed", "1", *there, "--again")
    assert canonical(project) == truth
    mine = elsewhere / f"leanopt-{os.getuid()}"
    assert mine.stat().st_mode & 0o777 == 0o700
    assert Path(seen.read_text()).is_relative_to(mine)
    assert list(mine.glob("*/")) == []


def test_a_folder_that_is_not_there_or_anothers_is_refused(project: Path, leanopt) -> None:
    """With the key; a link in place of the user's folder may lead to somebody who reads it."""
    absent = ("--set", 'executor.scratch_folder="absent"')
    done = leanopt(project, *RUN, *absent, check=False)
    assert done.returncode == 6
    assert "executor.scratch_folder: there is no folder" in done.stderr
    (project / "link").mkdir()
    (project / "link" / f"leanopt-{os.getuid()}").symlink_to(project)
    done = leanopt(project, *RUN, "--set", 'executor.scratch_folder="link"', check=False)
    assert done.returncode == 6
    assert "is no folder of this user's" in done.stderr


@pytest.mark.long
def test_copies_of_sources_go_with_the_last_run_of_them(project: Path, leanopt) -> None:
    """Those of another version of the strategy stay while a run refers to them."""
    processes = {"process": True}
    leanopt(project, *RUN, **processes)
    strategy = project / "strategy.py"
    strategy.write_text(strategy.read_text() + "\n# edited\n")
    leanopt(project, *RUN, **processes)
    copies = project / ".leanopt" / "builds"
    assert len(list(copies.glob("python-*"))) == 2
    leanopt(project, "delete", "hill-1", "--yes")
    (left,) = copies.glob("python-*")
    assert "# edited" in (left / "strategy.py").read_text()
    strategy.write_text(strategy.read_text() + "\n# planned\n")
    leanopt(project, "plan", "pipeline.toml", **processes)
    assert len(list(copies.glob("python-*"))) == 2
    pruned = leanopt(project, "cache", "--prune", "--yes")
    assert "removed 1 snapshot of sources that no run refers to\n" in pruned.stderr
    assert list(copies.glob("python-*")) == [left]
    report = json.loads(leanopt(project, "show", "--json").stdout)
    assert left.name in json.dumps(report["execution"])
