"""Watch containers from outside: events of the engine, and the memory of a control group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from leanopt_core.executors.docker.engine import Client, from_sdk
from leanopt_core.executors.docker.orphans import RUN

_EVENTS = ("kill", "stop", "destroy", "die", "pause", "oom")
_CGROUPS = Path("/sys/fs/cgroup")
# Memory that a worker holds itself, in both versions of control groups. Cached files are the
# kernel's, which gives them up at need.
_HELD = {"anon", "shmem", "total_rss", "total_shmem"}


class ContainerWatch:
    """Listens to the engine's events about the containers of a run, in a thread.

    `on_event(container id, event)` is called there, and `on_lost()` when the engine goes away. The
    next `start` listens to it again.
    """

    def __init__(
        self,
        client: Client,
        run: str,
        on_event: Callable[[str, str], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._client = client
        self._filters = {"type": "container", "event": list(_EVENTS), "label": f"{RUN}={run}"}
        self._on_event = on_event
        self._on_lost = on_lost
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stream: Any = None

    def start(self) -> bool:
        """Listen, unless that is so already; return whether the engine allows it."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return True
            try:
                self._stream = self._client.events(filters=self._filters, decode=True)
            except Exception:  # noqa: BLE001 - containers start without events too
                return False
            # A daemon, so that leanopt's end does not wait for an engine that hangs.
            self._thread = Thread(
                target=self._listen, args=(self._stream,), name="docker-events", daemon=True
            )
            self._thread.start()
            return True

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            stream, thread = self._stream, self._thread
            self._stream = self._thread = None
        if stream is not None and thread is not None:
            with suppress(Exception):
                stream.close()
            thread.join(1.0)

    def _listen(self, stream: Any) -> None:
        # `close` and the engine's end close the socket while the SDK reads: it fails in many ways.
        with suppress(Exception):
            for event in stream:
                self._take(event)
        if self._stream is stream:
            self._on_lost()

    def _take(self, event: Mapping[str, Any]) -> None:
        action = event.get("Action") or event.get("status")
        if action in _EVENTS:
            self._on_event(str(event.get("id")), str(action))


def memory_file(client: Client, ident: str) -> Path | None:
    """Return the file with a container's memory statistics, None where it is not on this machine.

    None also where the container or the engine has gone: its stream will say so.
    """
    try:
        pid = int(client.inspect_container(ident)["State"]["Pid"])
    except Exception as error:
        if not from_sdk(error):
            raise
        return None
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            # An engine on another machine means another process by this number.
            if ident not in path or controllers not in ("", "memory"):
                continue
            file = _CGROUPS / controllers / path.lstrip("/") / "memory.stat"
            if file.is_file():
                return file
    return None


def memory_in_use(file: Path) -> int | None:
    """Return the bytes that a container holds, None where its file has gone."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in file.read_text(encoding="ascii").splitlines())
        return sum(int(number) for name, number in lines if name in _HELD) or None
    return None
