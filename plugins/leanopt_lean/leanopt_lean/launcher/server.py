"""Answers requests by running LEAN's Launcher."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import ENGINE_ERROR, Failure
from leanopt_harness.serving import greeting, serve_with

from leanopt_lean.launcher.assembly import assembly_version
from leanopt_lean.launcher.configuration import Configuration, read, write
from leanopt_lean.launcher.home import home
from leanopt_lean.launcher.run import InputEndedError, Runner
from leanopt_lean.launcher.verdict import LeanKilledError, judge

ABILITIES = ("config",)
ASSEMBLY = "QuantConnect.Lean.Launcher.dll"


@dataclass(frozen=True)
class Location:
    """Where LEAN is: the Launcher's `folder`, the `dotnet` command.

    `store` is the folder whose files LEAN's object store begins with, None for an empty one.
    """

    folder: Path
    dotnet: str
    store: Path | None = None

    @property
    def fault(self) -> str | None:
        """Return why nothing can run here, None where it seems that it can."""
        if not (self.folder / ASSEMBLY).is_file():
            return f"there is no {ASSEMBLY} in {self.folder}"
        if shutil.which(self.dotnet) is None:
            return f'there is no program "{self.dotnet}" to run LEAN with'
        return None


def serve(location: Location, channel: Channel) -> int:
    """Answer every line of the channel. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    server = Server(location, Runner(channel.fileno()), Path.cwd())
    try:
        return serve_with(server.respond, channel)
    except InputEndedError:
        return 0
    except LeanKilledError as killed:
        # Whatever did it may have harmed more than LEAN: the client is to start afresh.
        sys.stderr.write(f"\n{killed}\n")
        return killed.code


class Server:
    """Runs the Launcher once for each backtest, each with a home of its own in `scratch`."""

    def __init__(self, location: Location, runner: Runner, scratch: Path) -> None:
        self._place = location
        self._runner = runner
        self._scratch = scratch
        self._fault = location.fault
        self._version = assembly_version(location.folder / ASSEMBLY)

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request's complete answer.

        Raises Failure, and where nothing more is to be answered InputEndedError, LeanKilledError.
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
            raise Failure(ENGINE_ERROR, f"LEAN cannot be run: {error}") from None

    def _hello(self, given: object) -> dict[str, Any]:
        hello = greeting(given, "lean", self._version, ABILITIES)
        if self._fault is not None:
            hello["fault"] = {"category": ENGINE_ERROR, "message": self._fault}
        return hello

    def _backtest(self, configuration: Configuration) -> dict[str, Any]:
        """Run one backtest, complete where LEAN leaves a document: its reader judges by that."""
        results, document = configuration.results, configuration.document
        results.mkdir(parents=True, exist_ok=True)
        # One that an earlier run has left is not this one's.
        document.unlink(missing_ok=True)
        if self._place.store is not None and configuration.store is not None:
            shutil.copytree(self._place.store, configuration.store, dirs_exist_ok=True)
        before = set(os.listdir(results))  # noqa: PTH208 - names are enough
        assembly = str(self._place.folder / ASSEMBLY)
        command = [self._place.dotnet, assembly, "--config", str(configuration.file)]
        with home(self._scratch, self._place.folder) as location:
            run = self._runner.run(command, location.current, location.environment)
        began = not before.issuperset(os.listdir(results))  # noqa: PTH208
        judge(run, document, began=began)
        return {"seconds": round(run.seconds, 6), "exit_code": run.exit_code}
