"""Whose containers may be removed: those of dead processes of this machine, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from leanopt_core.executors.docker.orphans import is_orphaned, labels, read_owner
from leanopt_core.owners import Owner, this_process

ME = this_process()


def _other_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_labels_say_whose_a_container_is() -> None:
    """And are read back."""
    labelled = labels(ME, Path("project"), "run", worker="1", number=2)
    assert read_owner(labelled) == ME
    assert labelled["leanopt.project"] == str(Path("project").absolute())
    assert read_owner({}) == Owner("", "", "", "", "")


def test_a_living_process_s_container_is_no_orphan() -> None:
    """Its own, and another's."""
    with _other_process() as process:
        started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        other = evolve(ME, pid=str(process.pid), started=started)
        assert not is_orphaned(ME, ME, running=True)
        assert not is_orphaned(other, ME, running=True)
        process.kill()
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            pass
        assert is_orphaned(other, ME, running=True), "it is dead, though not collected"


def test_a_later_process_of_the_same_number_is_another() -> None:
    """The number alone means nothing."""
    assert is_orphaned(evolve(ME, started="1"), ME, running=True)


@pytest.mark.parametrize(
    "change",
    [
        {"machine": "another"},
        {"machine": ""},
        {"namespace": "pid:[1]"},
        {"pid": ""},
    ],
)
def test_what_cannot_be_judged_is_left_alone(change: dict[str, str]) -> None:
    """Dead by its number, as seen from here; but it is not of here."""
    dead = evolve(ME, started="1", **change)
    assert not is_orphaned(dead, ME, running=True)
    assert not is_orphaned(dead, ME, running=False)


def test_of_an_earlier_boot_nothing_runs() -> None:
    """What does is of a machine that has this one's name."""
    earlier = evolve(ME, boot="earlier")
    assert is_orphaned(earlier, ME, running=False)
    assert not is_orphaned(earlier, ME, running=True)
