"""What LEAN's object store begins with: a folder, frozen by content."""

from __future__ import annotations

from pathlib import Path

import pytest
from leanopt_lean.object_store import freeze

from leanopt_core.errors import StrategyError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two objects, one of them hidden."""
    made = tmp_path / "store"
    (made / "models").mkdir(parents=True)
    (made / "models" / "one").write_text("1")
    (made / ".settings").write_text("{}")
    return made


def test_the_copy_is_kept_by_content(folder: Path, tmp_path: Path) -> None:
    """Of the same content there is one; an edit is for the next run."""
    builds = tmp_path / "builds"
    first = freeze(folder, builds)
    assert freeze(folder, builds) == first
    (folder / "models" / "one").write_text("2")
    second = freeze(folder, builds)
    assert second.content != first.content
    assert (first.path / "models" / "one").read_text() == "1"
    assert (second.path / "models" / "one").read_text() == "2"
    assert (second.path / ".settings").read_text() == "{}"
    (folder / "models" / "one").rename(folder / "models" / "two")
    assert freeze(folder, builds).content not in (first.content, second.content)
    stores = {path.name for path in builds.iterdir() if path.is_dir()}
    assert len(stores) == 3, "nothing unfinished is left"


def test_workers_may_read_it(folder: Path, tmp_path: Path) -> None:
    """They may be another user."""
    (folder / "models" / "one").chmod(0o600)
    copy = freeze(folder, tmp_path / "builds").path / "models" / "one"
    assert copy.stat().st_mode & 0o444 == 0o444


def test_what_can_be_no_object_is_named(folder: Path, tmp_path: Path) -> None:
    """A link could lead elsewhere later."""
    (folder / "link").symlink_to(folder / "models" / "one")
    with pytest.raises(
        StrategyError, match=r"strategy\.object_store: .*/link is not a regular file"
    ):
        freeze(folder, tmp_path / "builds")
    with pytest.raises(StrategyError, match=r"strategy\.object_store: .*/none is not a folder"):
        freeze(tmp_path / "none", tmp_path / "builds")


def test_leanopts_own_files_are_no_objects(folder: Path) -> None:
    """A folder that holds them would grow by its own copy each time."""
    builds = folder / ".leanopt" / "builds"
    with pytest.raises(StrategyError, match="also holds leanopt's own files"):
        freeze(folder, builds)
    assert not builds.exists()


def test_of_many_that_can_be_no_object_some_are_named(folder: Path, tmp_path: Path) -> None:
    """And the others counted."""
    for number in range(20):
        (folder / f"link{number}").symlink_to(folder / "models" / "one")
    with pytest.raises(StrategyError, match="and 15 more") as raised:
        freeze(folder, tmp_path / "builds")
    assert len(str(raised.value).splitlines()) == 6
