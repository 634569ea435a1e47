"""What the engine tells of containers, beside their own lines: who ended them, pauses, memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.labels import RUN

_OF_INTEREST = ("kill", "stop", "destroy", "die", "pause", "oom")


class Watch:
    """Listens to what the engine tells about the containers of a run, in a thread.

    `notice(container, event)` is called there, and `lost()` when the engine tells nothing any more.
    An engine that went away is listened to again after the next `begin`.
    """

    def __init__(
        self,
        client: Client,
        run: str,
        notice: Callable[[str, str], None],
        lost: Callable[[], None],
    ) -> None:
        self._client = client
        self._filters = {
            "type": "container",
            "event": list(_OF_INTEREST),
            "label": f"{RUN}={run}",
        }
        self._notice = notice
        self._lost = lost
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stream: Any = None

    def begin(self) -> bool:
        """Listen, if that is not so already, and return whether the engine lets us."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return True
            try:
                self._stream = self._client.events(filters=self._filters, decode=True)
            except Exception:  # noqa: BLE001 - containers are started without it
                return False
            # A daemon: leanopt's end need not wait for an engine that hangs.
            self._thread = Thread(
                target=self._listen, args=(self._stream,), name="docker-events", daemon=True
            )
            self._thread.start()
            return True

    def close(self) -> None:
        """Listen no more."""
        with self._lock:
            stream, thread = self._stream, self._thread
            self._stream = self._thread = None
        if stream is not None and thread is not None:
            with suppress(Exception):
                stream.close()
            thread.join(1.0)

    def _listen(self, stream: Any) -> None:
        # Its socket is closed under it, by `close` or by the engine's end, and the SDK may stumble.
        with suppress(Exception):
            for event in stream:
                self._hear(event)
        if self._stream is stream:
            self._lost()

    def _hear(self, event: Mapping[str, Any]) -> None:
        action = event.get("Action") or event.get("status")
        if action in _OF_INTEREST:
            self._notice(str(event.get("id")), str(action))
