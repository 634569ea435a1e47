"""Copies of the sources: they are what runs, under the paths of the strategy's own files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STRATEGY = """
from pathlib import Path

import pkg.leaf
from leanopt_harness import Result, backtest

SIDE = Path(__file__).with_name("side.txt")


@backtest
def run(parameters, scenario):
    import later

    inner = Path(pkg.leaf.__file__).with_name("inner.txt")
    found = {"strategy": 1, "leaf": pkg.leaf.VALUE, "later": later.VALUE}
    return Result(found | {"side": float(SIDE.read_text()), "inner": float(inner.read_text())})
"""
FILES = {
    "strategy.py": STRATEGY,
    "pkg/__init__.py": "",
    "pkg/leaf.py": "VALUE = 2\n",
    "later.py": "VALUE = 3\n",
}
EXPECTED = {"strategy": 1, "leaf": 2, "later": 3, "side": 4, "inner": 5}


@pytest.fixture
def entry(write: Callable[[str, str], str], tmp_path: Path) -> str:
    """A project with side files, and a snapshot of its sources."""
    for name, text in {**FILES, "side.txt": "4", "pkg/inner.txt": "5"}.items():
        write(name, text)
    for name in FILES:
        target = tmp_path / "snapshot" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "project" / name, target)
    return f"{tmp_path / 'project' / 'strategy.py'}:run"


def break_all(project: Path) -> None:
    """Save something else in every source."""
    for name in FILES:
        (project / name).write_text("raise RuntimeError('saved during the run')\n")


def delete_all(project: Path) -> None:
    """Delete every source, but not its folder."""
    for name in FILES:
        (project / name).unlink()


def import_more(project: Path) -> None:
    """Put modules where an import would prefer them."""
    (project / "later").mkdir()
    (project / "later" / "__init__.py").write_text("VALUE = 1000\n")
    (project / "pkg" / "leaf").mkdir()
    (project / "pkg" / "leaf" / "__init__.py").write_text("VALUE = 1000\n")


@pytest.mark.alike(2)
@pytest.mark.parametrize("change", [lambda _: None, break_all, delete_all, import_more])
def test_the_snapshot_runs_under_the_paths_of_the_sources(
    entry: str, describe: Any, start: Any, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Whatever has become of the sources; side files beside them are found."""
    before = describe(entry)["identity"]
    change(tmp_path / "project")
    harness = start(entry, "--snapshot", str(tmp_path / "snapshot"))
    hello = harness.hello()
    assert hello["identity"] == before
    assert "fault" not in hello
    answer = harness.run()
    assert answer.get("statistics") == EXPECTED, answer


def test_a_source_that_is_not_in_the_snapshot_is_refused(
    entry: str, start: Any, write: Callable[[str, str], str], tmp_path: Path
) -> None:
    """It came after the strategy was prepared; the message says what to do."""
    write("new.py", "VALUE = 6\n")
    copy = tmp_path / "snapshot" / "strategy.py"
    copy.write_text(STRATEGY.replace("    import later\n", "    import later\n    import new\n"))
    answer = start(entry, "--snapshot", str(tmp_path / "snapshot")).run()
    assert answer["category"] == "strategy error"
    assert "new.py is not part of the strategy's identity" in answer["message"]


def test_the_identity_is_that_of_the_snapshot(
    entry: str, describe: Any, start: Any, tmp_path: Path
) -> None:
    """One that was changed is not what was prepared."""
    (tmp_path / "snapshot" / "later.py").write_text("VALUE = 7\n")
    harness = start(entry, "--snapshot", str(tmp_path / "snapshot"))
    assert harness.hello()["identity"] != describe(entry)["identity"]
