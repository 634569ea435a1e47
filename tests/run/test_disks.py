"""Disks that are full or read-only: a clear error, nothing lost, and what is there can be read."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import frozen

from tests.run.conftest import written
from tests.run.test_older_store import OLDER, interrupted

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]


@frozen
class Disk:
    """A small file system in memory."""

    folder: Path

    def remount(self, options: str) -> None:
        """Change its size, or whether it can be written."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def fill(self, left: int = 0) -> None:
        """Leave no space, or so many bytes."""
        with (self.folder / "filling").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                file.truncate(file.tell() - left)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "leanopt-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("needs the right to mount: run by root")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_a_run_which_resumes(
    disk: Disk, leanopt: Leanopt, canonical, truth: str
) -> None:
    """With what to do; once there is space, the run is the one that was never disturbed."""
    folder = written(disk.folder / "project")
    (folder / ".leanopt").mkdir()
    disk.remount("size=300k")
    ended = leanopt(folder, "run", "pipeline.toml", check=False)
    assert ended.returncode == 7, ended.stderr
    assert "the disk is full; everything committed is kept. Free some space" in ended.stderr
    disk.remount("size=8m")
    leanopt(folder, "run", "pipeline.toml")
    assert canonical(folder) == truth


def test_a_disk_that_is_full_from_the_start(disk: Disk, leanopt: Leanopt) -> None:
    """No run begins."""
    folder = written(disk.folder / "project")
    disk.fill()
    ended = leanopt(folder, "run", "pipeline.toml", check=False)
    assert ended.returncode == 7, ended.stderr
    assert "space" in ended.stderr


@pytest.mark.long
@pytest.mark.parametrize("log", ["empty", "left by a killed process"])
def test_a_read_only_disk_is_read(disk: Disk, leanopt: Leanopt, log: str) -> None:
    """By the commands that only look; those that write say that they cannot."""
    folder = written(disk.folder / "project")
    few = ("--set", "stage.0.trials=5", "--set", "stage.1.trials=5")
    leanopt(folder, "run", "pipeline.toml", *few)
    commands = [("runs",), ("show",), ("show", "hill-1", "3"), ("export",), ("compare", ":1", ":2")]
    before = [leanopt(folder, *words).stdout for words in commands]
    if log != "empty":
        _kill_a_writer(folder / ".leanopt" / "leanopt.db")
        commands[2] = ("show", "renamed", "3")
    disk.remount("ro")
    after = [leanopt(folder, *words).stdout for words in commands]
    assert ("renamed" in after[0]) == (log != "empty")
    assert [text.replace("renamed", "hill-1").split() for text in after] == [
        text.split() for text in before
    ]
    for words in (("run", "pipeline.toml", *few), ("delete", "hill", "--yes")):
        refused = leanopt(folder, *words, check=False, process=True)
        assert refused.returncode == 7, refused.stderr
        assert "its file system is read-only; the store can be read there" in refused.stderr


def _kill_a_writer(store: Path) -> None:
    """Let a process commit to the log and die, so that the file alone is out of date."""
    script = (
        "import os, sqlite3, sys\n"
        "store = sqlite3.connect(sys.argv[1])\n"
        "store.execute(\"UPDATE runs SET name = 'renamed'\")\n"
        "store.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([shutil.which("python3") or "python3", "-c", script, store], check=False)
    assert store.with_name("leanopt.db-wal").stat().st_size


def _content(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as connection:
        return list(connection.iterdump())


def test_an_older_store_on_a_read_only_disk(disk: Disk, leanopt: Leanopt, shown) -> None:
    """A copy is updated, and read."""
    folder = interrupted(disk.folder / "project", "states")
    disk.remount("ro")
    assert shown(folder)["trials"]["completed"] == 17
    assert leanopt(folder, "runs").stdout
    assert [one.name for one in (folder / ".leanopt").iterdir()] == ["leanopt.db"]


@pytest.mark.long
def test_an_update_of_a_store_copies_it_first(disk: Disk, leanopt: Leanopt, canonical) -> None:
    """The copy is named; on a full disk nothing is changed, and one copy is kept."""
    folder = interrupted(disk.folder / "project", "states")
    store = folder / ".leanopt" / "leanopt.db"
    before = _content(store)
    stale = store.with_name("leanopt.db.before-first")
    stale.touch()
    disk.fill(left=100_000)
    refused = leanopt(folder, "runs", check=False)
    assert refused.returncode == 7, refused.stderr
    assert "the copy that is made before an older store is updated" in refused.stderr
    assert "leanopt.db.before-outputs.part: the disk is full" in refused.stderr
    assert _content(store) == before
    (disk.folder / "filling").unlink()
    updated = leanopt(folder, "runs")
    assert "the store as it was is leanopt.db.before-outputs" in updated.stderr
    assert not stale.exists()
    assert leanopt(folder, "runs").stderr == ""
    store.with_name("leanopt.db.before-outputs").replace(store)
    leanopt(folder, "run", "pipeline.toml", "--resume")
    assert canonical(folder) == (OLDER / "canonical.jsonl").read_text()
