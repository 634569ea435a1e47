"""Which process something belongs to, and whether that process is dead."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

from attrs import frozen

# To `kill`, 0 and negative numbers are groups of processes.
_PID = re.compile(r"[1-9][0-9]{0,8}")


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


def this_process() -> Owner:
    """Return the process that runs this."""
    pid = os.getpid()
    return Owner(_machine(), _boot(), _namespace(), str(pid), _started(pid) or "")


def is_dead(owner: Owner, judge: Owner) -> bool:
    """Return whether a process is certainly dead, as the process `judge` sees it.

    Nothing is certain about processes of another machine, or of another namespace. Those of an
    earlier boot are dead.
    """
    if not owner.machine or owner.machine != judge.machine:
        return False
    if owner.boot != judge.boot:
        return True
    if owner.namespace != judge.namespace or not _PID.fullmatch(owner.pid):
        return False
    started = _started(int(owner.pid))
    return started is None or ("" not in (started, owner.started) and started != owner.started)


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
