"""Answers requests by running LEAN's Launcher."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import ENGINE_ERROR, LONGEST_TEXT, NO_RESULT, Failure
from leanopt_harness.launcher.assembly import assembly_version
from leanopt_harness.launcher.configuration import Configuration, read, write
from leanopt_harness.launcher.run import InputEndedError, OutOfTimeError, Run, Runner
from leanopt_harness.serving import greeting, serve_with

ABILITIES = ("config",)
ASSEMBLY = "QuantConnect.Lean.Launcher.dll"
#: How much later than the client's clock, which decides, the harness's own ends a run, in seconds.
GRACE = 0.5


@dataclass(frozen=True)
class Place:
    """Where LEAN is: the Launcher's `folder`, the `dotnet` command."""

    folder: Path
    dotnet: str

    @property
    def fault(self) -> str | None:
        """Return why nothing can run here, None where it seems that it can."""
        if not (self.folder / ASSEMBLY).is_file():
            return f"there is no {ASSEMBLY} in {self.folder}"
        if shutil.which(self.dotnet) is None:
            return f'there is no program "{self.dotnet}" to run LEAN with'
        return None


def serve(place: Place, channel: Channel) -> int:
    """Answer every line of the channel. Returns the exit code."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    server = Server(place, Runner(channel.fileno()), Path.cwd())
    try:
        return serve_with(server.respond, channel)
    except InputEndedError:
        return 0


class Server:
    """Runs the Launcher once for each backtest, with its home in the scratch folder."""

    def __init__(self, place: Place, runner: Runner, scratch: Path) -> None:
        self._place = place
        self._runner = runner
        self._home = scratch / "home"
        self._fault = place.fault
        self._version = assembly_version(place.folder / ASSEMBLY)

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request's complete answer; raises Failure, InputEndedError."""
        if "hello" in request:
            return {"hello": self._hello(request["hello"])}
        if "config" not in request and "config_path" not in request:
            raise Failure(ENGINE_ERROR, "unknown request: expected hello, config or config_path")
        forms.outputs(request.get("outputs", []), ())
        limit = _limit(request.get("time_limit"))
        if self._fault is not None:
            raise Failure(ENGINE_ERROR, self._fault)
        folder = self._place.folder
        try:
            if "config" in request:
                return self._backtest(write(request["config"], folder), limit)
            return self._backtest(read(request["config_path"], folder), limit)
        except (OSError, ValueError, RecursionError) as error:
            raise Failure(ENGINE_ERROR, f"LEAN cannot be run: {error}") from None

    def _hello(self, given: object) -> dict[str, Any]:
        hello = greeting(given, "lean", self._version, ABILITIES)
        if self._fault is not None:
            hello["fault"] = {"category": ENGINE_ERROR, "message": self._fault}
        return hello

    def _backtest(self, configuration: Configuration, limit: float | None) -> dict[str, Any]:
        """Run one backtest, complete where LEAN leaves a document: its reader judges by that."""
        results = configuration.results
        results.mkdir(parents=True, exist_ok=True)
        # One that an earlier run has left is not this one's.
        configuration.document.unlink(missing_ok=True)
        before = set(os.listdir(results))  # noqa: PTH208 - names are enough
        run = self._run(configuration.file, limit)
        if not configuration.document.is_file():
            began = not before.issuperset(os.listdir(results))  # noqa: PTH208
            raise _without_result(configuration.document.name, run, began=began)
        return {"seconds": round(run.seconds, 6), "exit_code": run.exit_code}

    def _run(self, file: Path, limit: float | None) -> Run:
        self._home.mkdir(parents=True, exist_ok=True)
        home = str(self._home)
        environment = {**os.environ, "HOME": home, "DOTNET_CLI_HOME": home}
        command = [self._place.dotnet, ASSEMBLY, "--config", str(file)]
        try:
            return self._runner.run(
                command, self._place.folder, environment, None if limit is None else limit + GRACE
            )
        except OutOfTimeError:
            raise Failure(NO_RESULT, f"LEAN was ended at the time limit of {limit:g} s") from None


def _without_result(document: str, run: Run, *, began: bool) -> Failure:
    said = run.printed.end(LONGEST_TEXT) or "nothing"
    if began:
        what = f"LEAN ended with {run.fate} and left no result ({document})"
        return Failure(NO_RESULT, f"{what}. The end of what it printed: {said}")
    what = f"LEAN ended with {run.fate} before it wrote a file"
    return Failure(ENGINE_ERROR, f"{what}. The end of what it printed: {said}")


def _limit(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < math.inf:
        raise Failure(ENGINE_ERROR, '"time_limit" is no positive number of seconds')
    return float(given)
