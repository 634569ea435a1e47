"""How much memory a container holds, where its control group is one of this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# What a worker holds for itself; the cache of files read counts for nobody.
_HELD = {"anon", "shmem", "total_rss", "total_shmem"}


def find(pid: int, ident: str) -> Path | None:
    """Return the statistics file of the container whose first process is `pid`, if it is here."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            # An engine elsewhere means another process by that number.
            if ident not in path or controllers not in ("", "memory"):
                continue
            file = _ROOT / controllers / path.lstrip("/") / "memory.stat"
            if file.is_file():
                return file
    return None


def held(file: Path) -> int | None:
    """Return the bytes of memory in use, None where that cannot be read any more."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in file.read_text(encoding="ascii").splitlines())
        return sum(int(number) for name, number in lines if name in _HELD) or None
    return None
