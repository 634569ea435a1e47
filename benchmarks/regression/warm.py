"""A warm harness process, replaced where it hangs or ends."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from common import said

from leanopt_core.closing import Closing
from regression.algorithms import Algorithm, Lean
from regression.results import Result, from_answer

# As leanopt starts a worker: all that .NET writes for itself stays in the scratch folder.
_HOMES = ("HOME", "TMPDIR", "DOTNET_CLI_HOME")
_QUIET = {"DOTNET_EnableDiagnostics": "0"}
_ATTEMPTS = 2
_ENDING = 5.0


class LostError(Exception):
    """The harness gave no answer: it has ended."""


class HangError(LostError):
    """The harness gave no answer within the time limit."""


class Harness(Closing):
    """Runs backtests in one process after the other; `replaced` counts those that were lost."""

    def __init__(self, assembly: Path, lean: Lean, folder: Path, time_limit: float) -> None:
        self._assembly = assembly
        self._lean = lean
        self._folder = folder
        self._time_limit = time_limit
        self._process: Process | None = None
        self.replaced = 0

    def close(self) -> None:
        """End the running process."""
        if self._process is not None:
            self._process.end()

    def run(self, algorithm: Algorithm, scenario: Mapping[str, Any] | None = None) -> Result:
        """Run one backtest, once more where the process ends instead."""
        request = {"config": algorithm.configuration(self._lean), "outputs": ["equity"]}
        if scenario is not None:
            request["scenario"] = dict(scenario)
        told = ""
        for _ in range(_ATTEMPTS):
            try:
                return from_answer(self._serving(algorithm).ask(request, self._time_limit))
            except LostError as lost:
                told = str(lost)
                said(f"  {algorithm.name}: {told}")
                self._replace()
                if isinstance(lost, HangError):
                    break
        return Result(told)

    def _serving(self, algorithm: Algorithm) -> Process:
        if self._process is None:
            self._process = Process(self._command(algorithm), self._folder)
        return self._process

    def _replace(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._process = None
        self.replaced += 1

    def _command(self, algorithm: Algorithm) -> Sequence[str]:
        lean, config = self._lean, dict(self._lean.config)
        return serving(self._assembly, lean.folder, algorithm.file, lean.data, config)


def serving(
    harness: Path, lean: Path, strategy: Path, data: Path, config: Mapping[str, Any]
) -> Sequence[str]:
    """Return the harness's command; `config` is what all configurations share."""
    told = {"lean": lean, "strategy": strategy, "data": data, "config": json.dumps(config)}
    words = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    return ["dotnet", str(harness), *words]


class Process:
    """One harness process, asked one request after the other.

    In `folder` it has its log, and a folder of its own to work in: `scratch`.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.scratch = Path(mkdtemp(prefix="scratch-", dir=folder))
        self._asked = 0
        self._unread = b""
        with (folder / "harness.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.scratch,
                env={**os.environ, **dict.fromkeys(_HOMES, str(self.scratch)), **_QUIET},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )

    def ask(self, request: Mapping[str, Any], time_limit: float) -> dict[str, Any]:
        """Send a request and return its answer; raises LostError."""
        self._asked += 1
        line = json.dumps({"id": str(self._asked), **request}).encode() + b"\n"
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(line)
        except BrokenPipeError:
            raise LostError(self._ended()) from None
        answer: dict[str, Any] = json.loads(self._line(time.monotonic() + time_limit))
        return answer

    def end(self) -> None:
        """Close the harness's input and wait for its end."""
        try:
            self._process.communicate(timeout=_ENDING)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.communicate()

    def _line(self, until: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            wait = max(0.0, until - time.monotonic())
            if not select.select([descriptor], [], [], wait)[0]:
                raise HangError("no answer within the time limit")
            data = os.read(descriptor, 1 << 20)
            if not data:
                raise LostError(self._ended())
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _ended(self) -> str:
        try:
            return f"the harness ended with exit code {self._process.wait(_ENDING)}"
        except subprocess.TimeoutExpired:
            return "the harness closed its output"
