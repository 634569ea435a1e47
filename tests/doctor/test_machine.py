"""Without a pipeline: the machine itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reports import LEANOPT, Doctor, Report, works

MACHINE = ["python", "plugins", "cores", "memory", "disk", "store", "docker", "docker disk"]
ORPHANS = ["containers", "scratch", "builds"]
NOWHERE = "unix:///nowhere/docker.sock"

Install = Callable[..., Path]
Mounted = Callable[[str], list[str]]


def test_a_machine_is_looked_at(tmp_path: Path, doctor: Doctor) -> None:
    """Every check once, in this order; nothing is written."""
    report = doctor(tmp_path)
    assert report.code == 0
    assert report.names == [*MACHINE, *ORPHANS]
    assert re.search(rf"\b{sys.version_info.major}\.{sys.version_info.minor}\.", text(report))
    assert report.one("cores")["what"] == str(len(os.sched_getaffinity(0)))
    assert list(tmp_path.iterdir()) == []


def text(report: Report, name: str = "python") -> str:
    """Return what a check's only line says."""
    return str(report.one(name)["what"])


@pytest.mark.long
def test_people_read_the_same(tmp_path: Path, doctor: Doctor) -> None:
    """A line for each line, and below it what fixes it."""
    environment = {"DOCKER_HOST": NOWHERE}
    done = subprocess.run(
        [LEANOPT, "doctor"], cwd=tmp_path, env={**os.environ, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    printed = done.stdout.splitlines()
    for line in (
        line for lines in doctor(tmp_path, **environment).lines.values() for line in lines
    ):
        stable = str(line["what"]).split(",")[0]
        at = next(
            place
            for place, one in enumerate(printed)
            if one.startswith(line["status"]) and f" {line['name']} " in one
        )
        assert line["name"] in ("memory", "disk", "docker disk") or stable in printed[at]
        assert (line["fix"] is None) == (at + 1 == len(printed) or "fix: " not in printed[at + 1])


def test_plugins_that_do_not_load_are_wrong(
    tmp_path: Path, doctor: Doctor, install: Install
) -> None:
    """One that cannot be imported, and one whose method cannot; with what installs them again."""
    site = install("leanopt-torn", "import nothing_of_this_name\n")
    install(
        "leanopt-hollow",
        "from leanopt_core.api import hookimpl\nfrom leanopt_core.specs import StageSpec\n\n\n"
        "LEANOPT_API_VERSION = 2\n\n\n@hookimpl\n"
        "def leanopt_stages():\n    return [StageSpec('hollow', 'leanopt_air:no')]\n",
    )
    report = doctor(tmp_path, PYTHONPATH=str(site))
    assert report.code == 4
    said = {line["fix"]: line for line in report.lines["plugins"]}
    assert list(said) == [
        "pip install --upgrade leanopt-torn",
        "pip install --upgrade leanopt-hollow",
    ]
    assert "nothing_of_this_name" in said["pip install --upgrade leanopt-torn"]["what"]
    assert "leanopt_air" in said["pip install --upgrade leanopt-hollow"]["what"]


def test_an_engine_elsewhere_that_is_not_there(tmp_path: Path, doctor: Doctor) -> None:
    """No pipeline needs it: a warning, and what stands on it says so."""
    report = doctor(tmp_path, DOCKER_HOST=NOWHERE)
    line = report.one("docker")
    assert report.code == 0
    assert line["status"] == "warning"
    assert NOWHERE in line["what"]
    assert line["fix"] == "unset DOCKER_HOST"
    assert report.blocked() == {"docker disk", "containers"}
    assert report.not_ok() == {"docker", "docker disk", "containers"}


def test_a_context_that_is_not_there(tmp_path: Path, doctor: Doctor) -> None:
    """As the `docker` command would, the environment's name is taken."""
    line = doctor(tmp_path, DOCKER_HOST="", DOCKER_CONTEXT="mars").one("docker")
    assert "mars" in line["what"]
    assert line["fix"] == "unset DOCKER_CONTEXT"


@pytest.mark.long
@pytest.mark.parametrize(
    ("programs", "manager", "what", "fix"),
    [
        (("docker",), "systemd", "installed, but no engine", "sudo systemctl start docker"),
        *(
            pytest.param(*case, marks=pytest.mark.long)
            for case in (
                ((), "", "not installed", None),
                (("apt-get",), "", "not installed", "sudo apt-get install docker.io"),
                (
                    ("dockerd", "apt-get"),
                    "",
                    "installed, but no engine",
                    "sudo service docker start",
                ),
            )
        ),
    ],
)
def test_no_engine_on_this_machine(
    programs: tuple[str, ...],
    manager: str,
    what: str,
    fix: str | None,
    tmp_path: Path,
    doctor: Doctor,
    mounted: Mounted,
) -> None:
    """Its socket is gone; there are these programs, and perhaps a manager of services."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in programs:
        (path / name).symlink_to(shutil.which("true"))
    wrapper = [
        *mounted(f"mount -t tmpfs none /run && mkdir -p /run/{manager}/system"),
        shutil.which("env"),
        f"PATH={path}",
    ]
    environment = {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", "HOME": str(tmp_path)}
    line = doctor(tmp_path, wrapper=wrapper, **environment).one("docker")
    assert line["status"] == "warning"
    assert what in line["what"]
    assert line["fix"] == fix


@pytest.fixture
def seen() -> Iterator[Path]:
    """A folder that every user may enter, also while other sessions of pytest begin.

    Each of them closes the folder above `tmp_path` for other users.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.long
def test_a_socket_that_this_user_may_not_use(seen: Path, doctor: Doctor) -> None:
    """Nobody runs it, in groups of nobody's."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    socket = Path("/var/run/docker.sock")
    if not socket.is_socket() or not works(*nobody, str(LEANOPT), "--version"):
        pytest.skip("needs an engine of this machine, and the right to become another user")
    if works(*nobody, "test", "-w", str(socket)):
        pytest.skip("everybody may use this engine")
    environment = {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", "HOME": str(seen)}
    report = doctor(seen, wrapper=nobody, **environment)
    assert "may not use its socket" in report.one("docker")["what"]
    assert report.one("docker")["fix"] == "sudo usermod -aG docker $USER"
    assert report.code == 7
    assert "cannot be written" in report.lines["disk"][0]["what"]


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize(("free", "status"), [("16m", "wrong"), ("256m", "warning")])
def test_a_disk_that_is_full(
    free: str, status: str, tmp_path: Path, doctor: Doctor, mounted: Mounted
) -> None:
    """Where the project's runs are to be kept."""
    here = str(tmp_path)
    wrapper = mounted(f"mount -t tmpfs -o size={free} none '{here}' && cd '{here}'")
    report = doctor(tmp_path, wrapper=wrapper)
    line = report.one("disk")
    assert line["status"] == status
    assert f"{free[:-1]} MiB free" in line["what"]
    assert "du " in line["fix"]
    assert report.code == (7 if status == "wrong" else 0)
