"""Answers requests by running LEAN's Launcher."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import ENGINE_ERROR, Failure
from leanopt_harness.serving import greeting, serve_with

from leanopt_lean.launcher.configuration import Configuration, read, write
from leanopt_lean.launcher.run import InputEndedError, Runner
from leanopt_lean.launcher.verdict import LeanKilledError, judge

ABILITIES = ("config",)
ASSEMBLY = "QuantConnect.Lean.Launcher.dll"
# The signature of a Windows version resource; every compiler for .NET writes one.
_SIGNATURE = struct.pack("<II", 0xFEEF04BD, 0x00010000)
_VERSION = struct.Struct("<HHHH")
# LEAN's folder for downloads, not linked: each backtest makes its own.
_CACHE = "cache"


@dataclass(frozen=True)
class LeanInstallation:
    """The Launcher's `folder` and the `dotnet` command.

    `store` is the folder with the initial files of LEAN's object store, None for an empty store.
    """

    folder: Path
    dotnet: str
    store: Path | None = None

    @property
    def fault(self) -> str | None:
        """Return why LEAN cannot run here, None if it seems to be able to."""
        if not (self.folder / ASSEMBLY).is_file():
            return f"no {ASSEMBLY} in {self.folder}"
        if shutil.which(self.dotnet) is None:
            return f'no program "{self.dotnet}" to run LEAN'
        return None


def serve(location: LeanInstallation, channel: Channel) -> int:
    """Answer every line of the channel, and return the exit code."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    server = Server(location, Runner(channel.fileno()), Path.cwd())
    try:
        return serve_with(server.respond, channel)
    except InputEndedError:
        return 0
    except LeanKilledError as killed:
        # The cause may have damaged more than LEAN: make the client start a new worker.
        sys.stderr.write(f"\n{killed}\n")
        return killed.code


class Server:
    """Runs the Launcher once per backtest, each in a new home folder in `scratch`."""

    def __init__(self, location: LeanInstallation, runner: Runner, scratch: Path) -> None:
        self._lean = location
        self._runner = runner
        self._scratch = scratch
        self._fault = location.fault
        self._version = assembly_version(location.folder / ASSEMBLY)

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request's complete answer.

        Raises Failure, or InputEndedError and LeanKilledError if there is no more to answer.
        """
        if "hello" in request:
            return {"hello": self._hello(request["hello"])}
        if "config" not in request and "config_path" not in request:
            raise Failure(ENGINE_ERROR, "unknown request: expected hello, config or config_path")
        forms.outputs(request.get("outputs", []), ())
        if self._fault is not None:
            raise Failure(ENGINE_ERROR, self._fault)
        try:
            if "config" in request:
                return self._backtest(write(request["config"]))
            return self._backtest(read(request["config_path"]))
        except (OSError, ValueError, RecursionError) as error:
            raise Failure(ENGINE_ERROR, f"cannot run LEAN: {error}") from None

    def _hello(self, given: object) -> dict[str, Any]:
        hello = greeting(given, "lean", self._version, ABILITIES)
        if self._fault is not None:
            hello["fault"] = {"category": ENGINE_ERROR, "message": self._fault}
        return hello

    def _backtest(self, configuration: Configuration) -> dict[str, Any]:
        """Run one backtest; it is complete if LEAN leaves a document, which the engine judges."""
        results, document = configuration.results, configuration.document
        results.mkdir(parents=True, exist_ok=True)
        # Remove the document of an earlier run.
        document.unlink(missing_ok=True)
        if self._lean.store is not None and configuration.store is not None:
            shutil.copytree(self._lean.store, configuration.store, dirs_exist_ok=True)
        before = set(os.listdir(results))  # noqa: PTH208 - names are enough
        assembly = str(self._lean.folder / ASSEMBLY)
        command = [self._lean.dotnet, assembly, "--config", str(configuration.file)]
        with home(self._scratch, self._lean.folder) as location:
            run = self._runner.run(command, location.current, location.environment)
        began = not before.issuperset(os.listdir(results))  # noqa: PTH208
        judge(run, document, began=began)
        return {"seconds": round(run.seconds, 6), "exit_code": run.exit_code}


def assembly_version(file: Path) -> str:
    """Return the file version, as `2.5.0.0`; empty if the file has none or is unreadable."""
    try:
        _, found, rest = file.read_bytes().partition(_SIGNATURE)
    except OSError:
        return ""
    if not found or len(rest) < _VERSION.size:
        return ""
    minor, major, private, build = _VERSION.unpack_from(rest)
    return f"{major}.{minor}.{build}.{private}"


@dataclass(frozen=True)
class Home:
    """A current folder, and the environment variables that keep .NET's files inside the home."""

    current: Path
    environment: Mapping[str, str]


@contextmanager
def home(scratch: Path, lean: Path) -> Iterator[Home]:
    """Make a home, a temporary folder and a current folder; delete them on exit.

    LEAN's usual current folder is its own, which may be another user's or read-only. This one holds
    links to its files. Raises OSError.
    """
    with TemporaryDirectory(prefix="lean-", dir=scratch, ignore_cleanup_errors=True) as folder:
        own, temporary, current = (Path(folder, name) for name in ("home", "tmp", "current"))
        for one in (own, temporary, current):
            one.mkdir()
        for path in lean.iterdir():
            if path.name != _CACHE:
                (current / path.name).symlink_to(path)
        # These variables lead to the user's own caches and settings, outside this home.
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("XDG_")}
        yield Home(
            current,
            {
                # .NET's diagnostic sockets would be in TMPDIR, whose path may be too long for one.
                "DOTNET_EnableDiagnostics": "0",
                **inherited,
                # LEAN would write and read numbers in the machine's locale.
                "LC_ALL": "C.UTF-8",
                "HOME": str(own),
                "DOTNET_CLI_HOME": str(own),
                "TMPDIR": str(temporary),
            },
        )
