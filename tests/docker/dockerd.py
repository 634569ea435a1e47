"""An engine of a test's own: it may be stopped and started again, and disturbs nobody."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE = 60.0


def missing() -> str:
    """Return why there can be none here, empty where there can."""
    if os.getuid():
        return "an engine of one's own needs root"
    if shutil.which("dockerd") is None:
        return "there is no dockerd"
    return ""


class Dockerd:
    """One `dockerd` with all its files in a folder; `blind` is a folder that it does not see."""

    def __init__(self, folder: Path, *, blind: Path | None = None) -> None:
        self._folder = folder
        self._blind = blind
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = folder / "engine.sock"
        self.host = f"unix://{self.socket}"

    def start(self) -> None:
        """Start it, and return once it answers."""
        options = {
            "data-root": self._folder / "data",
            "exec-root": self._folder / "exec",
            "pidfile": self._folder / "pid",
            "host": self.host,
            "bridge": "none",
            "iptables": "false",
            "ip-masq": "false",
        }
        command = ["dockerd", *(f"--{name}={value}" for name, value in options.items())]
        hide = f"mount -t tmpfs none {self._blind} && " if self._blind is not None else ""
        # Its own network: an engine without a bridge removes the one that it finds.
        command = ["unshare", "--mount", "--net", "sh", "-c", f'{hide}exec "$@"', "sh", *command]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()[-3000:]
            assert time.monotonic() < until, "dockerd does not come up"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in good order, with its containers."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)
            self._process = None

    def kill(self) -> None:
        """End it at once; its containers live on, and nobody has them."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE)
            self._process = None
            # Its containerd has died with it; where nobody reaps that, it would be taken to live.
            (self._folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def sweep(self) -> None:
        """End what keeps its containers: of an engine that was killed some may be left."""
        mark = f"{self._folder}/exec/".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)

    def _answers(self) -> bool:
        asked = ["docker", "--host", self.host, "version"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
