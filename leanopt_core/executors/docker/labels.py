"""Whose a container is: written on it, and judged by any leanopt that meets it later."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attrs import asdict, frozen

#: Every container of leanopt's has this label: the folder of its project.
PROJECT = "leanopt.project"
RUN = "leanopt.run"
WORKER = "leanopt.worker"
_NUMBER = "leanopt.number"
_OWNER = "leanopt.owner."
_PID = re.compile(r"[1-9][0-9]{0,8}")
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@frozen
class Owner:
    """A process of some machine: by machine, boot and process namespace its number means it.

    `started` is in ticks since the boot; a later process of the same number has another.
    """

    machine: str
    boot: str
    namespace: str
    pid: str
    started: str


def this_process() -> Owner:
    """Return the process that runs this."""
    pid = os.getpid()
    return Owner(_machine(), _boot(), _namespace(), str(pid), _started(pid) or "")


def labels(owner: Owner, project: Path, run: str, *, worker: str, number: int) -> dict[str, str]:
    """Return what a container is labelled with; no other of the run has its worker and number."""
    owned = {f"{_OWNER}{name}": text for name, text in asdict(owner).items()}
    whose = {PROJECT: str(project.absolute()), RUN: run, WORKER: worker, _NUMBER: str(number)}
    return {**whose, **owned}


def name(labelled: Mapping[str, str]) -> str:
    """Return the name of the container that has these labels.

    Images made of a container, and what runs from them, have its labels too, but not its name.
    """
    project = _NO_NAME.sub("-", Path(labelled.get(PROJECT, "")).name)
    run, worker, number = (labelled.get(key, "") for key in (RUN, WORKER, _NUMBER))
    return f"leanopt-{project}-{worker}-{run}-{number}"


def read(labelled: Mapping[str, str]) -> Owner:
    """Return the owner that a container's labels name, empty where they name none."""
    names = ("machine", "boot", "namespace", "pid", "started")
    return Owner(*(labelled.get(f"{_OWNER}{name}", "") for name in names))


def orphaned(owner: Owner, judge: Owner, *, running: bool) -> bool:
    """Say whether a container's owner is dead for certain, as the process `judge` sees it.

    Of another machine, or of processes that cannot be seen from here, nothing is certain. No
    container of an earlier boot runs: one that does is of a machine that passes for this one.
    """
    if not owner.machine or owner.machine != judge.machine:
        return False
    if owner.boot != judge.boot:
        return not running
    if owner.namespace != judge.namespace or not _PID.fullmatch(owner.pid):
        return False
    started = _started(int(owner.pid))
    return started is None or ("" not in (started, owner.started) and started != owner.started)


def _machine() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            if ident := Path(path).read_text(encoding="ascii").strip():
                return f"{ident} {platform.node()}"
    return platform.node()


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _namespace() -> str:
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def _started(pid: int) -> str | None:
    """Return when a process started, None where there is none; empty where that is not known.

    Other users' processes may be hidden in `/proc`; that there are none only the kernel says.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return "" if _lives(pid) else None
    # The name in brackets may hold anything; the state follows its last bracket.
    fields = status.rpartition(b")")[2].split()
    dead = fields[0] in (b"Z", b"X")
    return None if dead else fields[19].decode()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
