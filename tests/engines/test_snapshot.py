"""Copies of sources: made once, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanopt_core.engines.snapshot import names_in, remove_snapshots, take_snapshot
from leanopt_core.errors import StrategyError


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two sources by name."""
    (tmp_path / "pkg").mkdir()
    for name in ("strategy.py", "pkg/leaf.py"):
        (tmp_path / name).write_text(name)
    return ["strategy.py", "pkg/leaf.py"]


def content(folder: Path) -> dict[str, str]:
    """Return the files below a folder."""
    found = {path for path in folder.rglob("*") if path.is_file()}
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_the_copies_stay(tmp_path: Path, files: list[str]) -> None:
    """They are made once, and are not touched by what is saved later."""
    made = take_snapshot(tmp_path, files, tmp_path / "builds").path
    assert take_snapshot(tmp_path, files, tmp_path / "builds").path == made
    (tmp_path / "strategy.py").write_text("saved")
    other = take_snapshot(tmp_path, files, tmp_path / "builds").path
    assert content(made) == {name: name for name in files}
    assert content(other) == content(made) | {"strategy.py": "saved"}


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_text("other")])
def test_damaged_copies_are_made_again(tmp_path: Path, files: list[str], damage) -> None:
    """Someone may have cleaned up in the folder, or edited a copy."""
    made = take_snapshot(tmp_path, files, tmp_path / "builds").path
    damage(made / "pkg" / "leaf.py")
    assert take_snapshot(tmp_path, files, tmp_path / "builds").path == made
    assert content(made) == {name: name for name in files}


def test_a_folder_that_cannot_be_written(tmp_path: Path, files: list[str]) -> None:
    """A file in its place; the message names it."""
    (tmp_path / "builds").touch()
    with pytest.raises(StrategyError, match=r"cannot be copied: .*builds: "):
        take_snapshot(tmp_path, files, tmp_path / "builds")


def test_copies_go_that_nobody_refers_to_or_uses(tmp_path: Path, files: list[str]) -> None:
    """Those in use and those that a text names stay; so does what is no copy."""
    builds = tmp_path / "builds"
    assert remove_snapshots(builds, ()) == 0
    named = take_snapshot(tmp_path, files, builds).path
    (tmp_path / "strategy.py").write_text("used")
    used = take_snapshot(tmp_path, files, builds)
    (tmp_path / "strategy.py").write_text("unused")
    unused = take_snapshot(tmp_path, files, builds).path
    (builds / "python-other").mkdir()
    assert names_in(f'{{"snapshot": "{named}"}}') == {named.name}
    assert remove_snapshots(builds, {named.name}) == 1
    assert (named.exists(), used.path.exists(), unused.exists()) == (True, True, False)
    assert (builds / "python-other").exists()
