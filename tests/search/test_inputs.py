"""The files that decide results: each change is found, and nothing else is read again."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from leanopt_core.content import hash_data, hash_file
from leanopt_core.search.inputs import Inputs


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with two files that were written a while ago."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("ibm", "spy"):
        (folder / name).write_text(name)
    return folder


def inputs(data: Path) -> Inputs[str]:
    """Return the inputs of a folder."""
    return Inputs(partial(hash_data, data))


def test_unchanged_files_are_unchanged(data: Path) -> None:
    """Their identity is that of the data."""
    found = inputs(data)
    assert found.identity == hash_data(data)
    assert found.changes() == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: (data / "spy").write_text("SPY"), "spy has changed: hash "),
        (lambda data: (data / "spy").write_text("longer"), "spy has changed: size 3 to 6 bytes,"),
        (lambda data: (data / "spy").unlink(), "spy is gone"),
        (lambda data: (data / "new").touch(), "new is new"),
        (lambda data: (data / "ibm").rename(data / "dax"), "dax is new"),
        (lambda data: (data / "spy").chmod(0), None),
    ],
)
def test_every_change_is_found(data: Path, change, told: str | None) -> None:
    """Whenever the identity of the data is another one, and then only."""
    found = inputs(data)
    before = hash_data(data)
    change(data)
    assert any(told in line for line in found.changes()) if told else found.changes() == ()
    assert (hash_data(data) == before) == (told is None)
    for name in ("ibm", "spy"):
        (data / name).unlink(missing_ok=True)
        (data / name).write_text(name)
    for name in ("new", "dax"):
        (data / name).unlink(missing_ok=True)
    assert found.changes() == ()


def test_a_change_that_keeps_size_and_modification_time_is_found(data: Path) -> None:
    """As by a copy that keeps times: the inode's own time tells."""
    found, stat = inputs(data), (data / "spy").stat()
    (data / "spy").write_text("SPY")
    os.utime(data / "spy", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert len(found.changes()) == 1


def test_a_file_that_cannot_be_read_is_named(data: Path) -> None:
    """A folder in its place cannot be."""
    found = Inputs(lambda hashed: hashed(data / "spy"))
    (data / "spy").unlink()
    (line,) = found.changes()
    assert line == f"{data / 'spy'} cannot be read: No such file or directory"


def test_sources_that_workers_read_in_place_count(data: Path, tmp_path: Path) -> None:
    """With the hash that the engine took: a change before the first check is found too."""
    program = tmp_path / "program.py"
    program.write_text("1")
    before = hash_file(program)
    program.write_text("2")
    found = inputs(data)
    found.add({program: before})
    (line,) = found.changes()
    assert line.startswith(f"{program} has changed: hash ")
    program.write_text("1")
    assert found.changes() == ()


def test_a_run_without_files_has_nothing_to_check() -> None:
    """An empty data folder is something: files may come."""
    assert not Inputs(lambda _: None)


def test_an_empty_folder_can_change(tmp_path: Path) -> None:
    """By its first file."""
    found = inputs(tmp_path)
    assert found
    (tmp_path / "new").touch()
    assert found.changes() == (f"{tmp_path / 'new'} is new",)
