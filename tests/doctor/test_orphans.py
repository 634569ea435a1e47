"""What dead leanopts have left is told and removed; what the living have is not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reports import LEANOPT, PIPELINE, Doctor

pytestmark = pytest.mark.long  # `make test` runs a few of them

Start = Callable[..., "subprocess.Popen[str]"]

#: Holds the turn to build while its input is open.
BUILDER = """
import sys
from pathlib import Path
from leanopt_core.engines.builds import build_turn

with build_turn(Path(sys.argv[1])):
    Path(sys.argv[1], "unfinished-living").mkdir()
    print("building", flush=True)
    sys.stdin.read()
"""


def running(start: Start, small: Path) -> subprocess.Popen[str]:
    """Begin a run that waits for a gate."""
    text = PIPELINE.replace('gate = ""', f'gate = "{small / "gate"}"')
    (small / "pipeline.toml").write_text(text)
    process = start(small, "run", "pipeline.toml")
    assert process.stderr is not None
    assert next(process.stderr) == "stage random begins\n"
    return process


def folders(small: Path) -> list[str]:
    """Return the scratch folders, relative to the project."""
    found = (small / ".leanopt" / "scratch").glob("*/")
    return [str(path.relative_to(small)) for path in found]


@pytest.fixture
def killed(start: Start, small: Path) -> Iterator[Path]:
    """A project whose run was killed while it ran."""
    process = running(start, small)
    assert folders(small)
    process.kill()
    process.wait()
    # A worker that it was just starting has its lock until that becomes another program.
    for folder in folders(small):
        with (small / folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    yield small
    (small / "gate").touch()


@pytest.mark.smoke
def test_a_killed_run_leaves_scratch(killed: Path, doctor: Doctor) -> None:
    """It is a warning, told with what removes it; looking removes nothing."""
    left = folders(killed)
    assert len(left) == 1
    for arguments, clean in (((), "--clean"), (("pipeline.toml",), "pipeline.toml --clean")):
        report = doctor(killed, *arguments)
        assert report.code == 0
        assert left[0] in report.one("scratch")["what"]
        assert report.one("scratch")["fix"] == f"leanopt doctor {clean}"
        assert folders(killed) == left


def test_cleaning_removes_it(killed: Path, doctor: Doctor) -> None:
    """Unasked with --yes; then there is nothing more."""
    left = folders(killed)
    report = doctor(killed, "--clean", "--yes")
    assert report.code == 0
    assert report.one("scratch")["what"] == f"removed: {left[0]}"
    assert folders(killed) == []
    assert doctor(killed, "--clean", "--yes").one("scratch")["what"] == "no orphans"


@pytest.mark.parametrize(("answer", "gone"), [("n\n", False), ("", False), ("y\n", True)])
def test_it_asks(answer: str, gone: bool, killed: Path) -> None:
    """By name; without an answer nothing goes."""
    left = folders(killed)
    done = subprocess.run(
        [LEANOPT, "doctor", "--clean"], cwd=killed, input=answer,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"scratch: {left[0]}" in done.stderr
    assert "Remove all this? [y/N]" in done.stderr
    assert (folders(killed) == []) == gone
    if answer:
        assert done.returncode == 0
        assert ("removed" if gone else "left as they are") in done.stdout


def test_a_living_run_keeps_its_own(start: Start, small: Path, doctor: Doctor) -> None:
    """It goes on to its end."""
    process = running(start, small)
    assert doctor(small).one("scratch")["status"] == "ok"
    report = doctor(small, "pipeline.toml", "--clean", "--yes")
    assert report.one("scratch")["what"] == "no orphans"
    assert len(folders(small)) == 1
    (small / "gate").touch()
    assert process.wait(timeout=60) == 0


def test_builds_that_nobody_finishes(small: Path, doctor: Doctor) -> None:
    """Not while one is being made: whoever makes it tidies the others away."""
    builds = small / ".leanopt" / "builds"
    (builds / "unfinished-dead").mkdir(parents=True)
    (builds / "turn.lock").touch()
    report = doctor(small)
    assert report.one("builds")["status"] == "warning"
    assert ".leanopt/builds/unfinished-dead" in report.one("builds")["what"]
    with subprocess.Popen(
        [sys.executable, "-c", BUILDER, builds],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as builder:  # fmt: skip
        assert builder.stdout is not None
        assert next(builder.stdout) == "building\n"
        assert doctor(small).one("builds")["what"] == "no orphans"
        assert doctor(small, "--clean", "--yes").one("builds")["what"] == "no orphans"
        assert (builds / "unfinished-living").is_dir()
        builder.send_signal(signal.SIGKILL)
    report = doctor(small, "--clean", "--yes")
    assert report.one("builds")["what"] == "removed: .leanopt/builds/unfinished-living"
    assert list(builds.glob("*/")) == []


def test_without_an_engine_the_rest_is_cleaned(killed: Path, doctor: Doctor) -> None:
    """That containers were not looked at is said."""
    report = doctor(killed, "--clean", "--yes", DOCKER_HOST="unix:///nowhere")
    assert report.code == 0
    assert report.names == ["docker", "containers", "scratch", "builds"]
    assert report.blocked() == {"containers"}
    assert folders(killed) == []


@pytest.mark.smoke
def test_yes_alone_is_a_mistake(small: Path, leanopt: Callable[..., Any]) -> None:
    """Nothing is asked where nothing is cleaned."""
    done = leanopt(small, "doctor", "--yes", check=False)
    assert done.returncode == 2
    assert "--clean" in done.stderr


def test_what_resists_is_said_with_why(
    killed: Path, doctor: Doctor, mounted: Callable[[str], list[str]]
) -> None:
    """And with what removes it; here something is mounted on a folder in it."""
    (left,) = folders(killed)
    inside = killed / left / "mounted"
    inside.mkdir()
    report = doctor(killed, "--clean", "--yes", wrapper=mounted(f"mount -t tmpfs none '{inside}'"))
    assert report.code == 6
    line = report.one("scratch")
    assert line["what"] == f"{left} cannot be removed: Device or resource busy"
    assert line["fix"] == f"sudo rm -rf {killed / left}"
