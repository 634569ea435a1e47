"""Folders that somebody else has filled are removed, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from leanopt_core.executors.removal import remove_tree

#: A strategy's whole trick box; then a plain user removes it and nothing beside it.
SPITEFUL = """
import os, sys
from pathlib import Path
from leanopt_core.executors.removal import remove_tree

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(12345)
    os.setuid(12345)

top = Path(sys.argv[1])
(top / "kept").mkdir()
(top / "kept" / "file").write_text("mine")
(top / "kept").chmod(0o500)
gone = top / "gone"
for name in ("locked/below/x", "blind/y", "a b/ü/z"):
    (gone / name).parent.mkdir(parents=True)
    (gone / name).write_text("")
os.symlink(top / "kept", gone / "link")
os.symlink("nowhere", gone / "locked" / "dangling")
os.mkfifo(gone / "pipe")
(gone / "locked" / "below").chmod(0o000)
(gone / "locked").chmod(0o000)
(gone / "blind").chmod(0o300)
gone.chmod(0o000)
print(remove_tree(gone))
assert not gone.exists()
assert (top / "kept" / "file").read_text() == "mine"
assert (top / "kept").stat().st_mode & 0o777 == 0o500
os.mkdir(top / "x")
print(remove_tree(top / "x"), remove_tree(top / "x"), remove_tree(top / "no" / "x"))
os.symlink(top / "kept", top / "link")
print(remove_tree(top / "link") is not None, (top / "kept" / "file").exists())
"""

#: A plain user meets a folder of root's.
FOREIGN = """
import os, sys
from pathlib import Path
from leanopt_core.executors.removal import remove_tree

top = Path(sys.argv[1])
(top / "gone" / "roots").mkdir(parents=True)
(top / "gone" / "roots" / "file").touch()
os.chown(top / "gone", 12345, 12345)
os.setgroups([])
os.setgid(12345)
os.setuid(12345)
(top / "gone" / "mine").touch()
print(remove_tree(top / "gone").strerror, sorted(os.listdir(top / "gone" / "roots")))
print(sorted(os.listdir(top / "gone")))
"""


def run(code: str, folder: Path) -> list[str]:
    """Run code as a plain user, who owns the folder."""
    folder.chmod(0o777)
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that any user reaches."""
    for path in (tmp_path, *tmp_path.parents):
        if path.is_relative_to(tempfile.gettempdir()) and path.stat().st_uid == os.getuid():
            path.chmod(path.stat().st_mode | 0o011)
    return tmp_path


def test_no_mode_keeps_a_folder(open_folder: Path) -> None:
    """Nor does any link lead out of it; what is not there is removed already."""
    assert run(SPITEFUL, open_folder) == ["None", "None None None", "True True"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to become another user")
def test_what_is_another_s_stays_and_is_said(open_folder: Path) -> None:
    """All else goes."""
    assert run(FOREIGN, open_folder)[0] == "Permission denied ['file']"
    assert not (open_folder / "gone" / "mine").exists()


@pytest.mark.long
def test_no_depth_is_too_deep(tmp_path: Path) -> None:
    """Deeper than a path may be long, and than a program may call itself."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert remove_tree(tmp_path / "d") is None
    assert list(tmp_path.iterdir()) == []
