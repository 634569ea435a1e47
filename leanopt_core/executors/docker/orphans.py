"""Find the owner of a container by its labels, and orphans, the containers of dead leanopts."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from attrs import asdict, fields, frozen

from leanopt_core.executors.docker.engine import (
    Client,
    engine_errors,
    from_sdk,
    is_not_found,
    message_of,
)

#: Every container of leanopt has this label: the folder of its project.
PROJECT = "leanopt.project"
RUN = "leanopt.run"
WORKER = "leanopt.worker"
_NUMBER = "leanopt.number"
_OWNER = "leanopt.owner."
# Labels hold any text; to `kill`, 0 and negative numbers are groups of processes.
_PID = re.compile(r"[1-9][0-9]{0,8}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
# How many orphans are removed at a time.
_THREADS = 8


@frozen
class Owner:
    """A process of some machine. Its number is unique within machine, boot and namespace.

    `started` is in ticks since the boot: a later process with the same number has another.
    """

    machine: str
    boot: str
    namespace: str
    pid: str
    started: str


@frozen
class Orphan:
    """A container whose owner is dead.

    `project` is the folder whose run it was a part of.
    """

    ident: str
    name: str
    project: str


def this_process() -> Owner:
    """Return the process that runs this."""
    pid = os.getpid()
    return Owner(_machine(), _boot(), _namespace(), str(pid), _started(pid) or "")


def labels(owner: Owner, project: Path, run: str, *, worker: str, number: int) -> dict[str, str]:
    """Return a container's labels; no other container of the run has its worker and number."""
    owned = {f"{_OWNER}{name}": text for name, text in asdict(owner).items()}
    whose = {PROJECT: str(project.absolute()), RUN: run, WORKER: worker, _NUMBER: str(number)}
    return {**whose, **owned}


def container_name(labelled: Mapping[str, str]) -> str:
    """Return the name of the container that has these labels.

    An image made from a container, and all that runs from it, inherits its labels, but not its
    name. So only a container with both is leanopt's.
    """
    project = _NOT_IN_NAMES.sub("-", Path(labelled.get(PROJECT, "")).name)
    run, worker, number = (labelled.get(key, "") for key in (RUN, WORKER, _NUMBER))
    return f"leanopt-{project}-{worker}-{run}-{number}"


def read_owner(labelled: Mapping[str, str]) -> Owner:
    """Return the owner that a container's labels name; what they lack is empty."""
    return Owner(*(labelled.get(f"{_OWNER}{one.name}", "") for one in fields(Owner)))


def is_orphaned(owner: Owner, judge: Owner, *, running: bool) -> bool:
    """Return whether a container's owner is certainly dead, as the process `judge` sees it.

    Nothing is certain about processes of another machine, or of another namespace. A container of
    an earlier boot cannot run: one that runs belongs to a machine that has this one's name.
    """
    if not owner.machine or owner.machine != judge.machine:
        return False
    if owner.boot != judge.boot:
        return not running
    if owner.namespace != judge.namespace or not _PID.fullmatch(owner.pid):
        return False
    started = _started(int(owner.pid))
    return started is None or ("" not in (started, owner.started) and started != owner.started)


def find_orphans(client: Client) -> list[Orphan]:
    """Return the containers whose owner, a process of this machine, is dead; by name.

    Raises ExecutorError where the engine does not list them.
    """
    me = this_process()
    with engine_errors("orphaned containers cannot be listed"):
        listed = client.containers(all=True, filters={"label": PROJECT})
    found = [
        Orphan(one["Id"], _name(one), one["Labels"][PROJECT])
        for one in listed
        if _name(one) == container_name(one["Labels"])
        and is_orphaned(read_owner(one["Labels"]), me, running=_running(one))
    ]
    return sorted(found, key=lambda orphan: orphan.name)


def remove_orphans(client: Client, orphans: Iterable[Orphan]) -> Sequence[str]:
    """Remove containers, running or not; return an error message for each that remains."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return [text for text in threads.map(partial(_remove, client), orphans) if text]


def _remove(client: Client, orphan: Orphan) -> str:
    try:
        client.remove_container(orphan.ident, v=True, force=True)
    except Exception as error:
        if not from_sdk(error):
            raise
        return "" if is_not_found(error) else f"{orphan.name or orphan.ident}: {message_of(error)}"
    return ""


def _name(listed: Mapping[str, Any]) -> str:
    names = listed.get("Names") or [""]  # a container that is being removed has no name
    return str(names[0]).lstrip("/")


def _running(listed: Mapping[str, Any]) -> bool:
    return listed["State"] in ("running", "paused", "restarting")


def _machine() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            if ident := Path(path).read_text(encoding="ascii").strip():
                # Machines cloned from one image often share the id.
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
    """Return when a process started: None for no such process, empty where that is unknown."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        # With `hidepid`, /proc hides other users' processes; only the kernel knows that none is.
        return "" if _lives(pid) else None
    # The name in brackets can hold anything; the state follows the last bracket.
    columns = status.rpartition(b")")[2].split()
    dead = columns[0] in (b"Z", b"X")
    return None if dead else columns[19].decode()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
