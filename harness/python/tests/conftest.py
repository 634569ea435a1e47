"""Starts harnesses as their clients do: real processes, spoken to through pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "leanopt_harness"
LAUNCHER = Path(__file__).parents[3] / "plugins" / "leanopt_lean" / "leanopt_lean" / "launcher"


class Harness:
    """One running harness; `log` is the file that its standard error goes to."""

    def __init__(self, command: list[str], log: Path, **how: Any) -> None:
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, **how
            )

    def send(self, line: bytes) -> None:
        """Send bytes as they stand."""
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def read(self) -> Any:
        """Return the next answer, None at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, request: dict[str, Any]) -> Any:
        """Send a request and return its answer."""
        self.send(json.dumps(request).encode() + b"\n")
        return self.read()

    def run(self, *outputs: str, **parameters: Any) -> Any:
        """Run one backtest with these parameters."""
        backtest = {"parameters": parameters, "scenario": {"symbol": "SPY"}}
        return self.ask({"id": "1", "backtest": backtest, "outputs": list(outputs)})

    def hello(self) -> Any:
        """Return what the harness says of itself."""
        return self.ask({"id": "hello", "hello": {"protocol": 1}})["hello"]

    def close(self) -> tuple[bytes, int]:
        """End the input; return what else comes out, and the exit code."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.stdout.close()
        return rest, self.process.wait(30)


@pytest.fixture
def program() -> list[str]:
    """Return the command that starts the harness by its path."""
    return [sys.executable, str(PACKAGE)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Harness]]:
    """Return what runs a harness's command line, and end all that were started."""
    started: list[Harness] = []

    def begin(*command: str, **how: Any) -> Harness:
        log = tmp_path / f"stderr-{len(started)}.txt"
        started.append(Harness(list(command), log, **how))
        return started[-1]

    yield begin
    for harness in started:
        harness.process.kill()
        for stream in (harness.process.stdin, harness.process.stdout):
            assert stream is not None
            stream.close()
        harness.process.wait()


@pytest.fixture(scope="session")
def serve_long() -> Iterator[Callable[[Path, Path], Harness]]:
    """Return what starts a harness that several tests share: on a file, in a folder."""
    started: list[Harness] = []

    def begin(file: Path, folder: Path) -> Harness:
        command = [sys.executable, str(PACKAGE), "serve", "--entry", f"{file}:run"]
        log = folder.with_name(f"{folder.name}-stderr.txt")
        started.append(Harness(command, log, cwd=folder))
        return started[-1]

    yield begin
    for harness in started:
        harness.process.kill()
        harness.process.communicate()


@pytest.fixture
def start(run: Callable[..., Harness], program: list[str]) -> Callable[..., Harness]:
    """Return what starts a harness on an entry."""

    def begin(entry: str | Path, *options: str, program: list[str] = program) -> Harness:
        return run(*program, "serve", "--entry", str(entry), *options)

    return begin


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The stand-in for LEAN, laid out."""
    from tests.standin import install

    return install(tmp_path_factory.mktemp("standin"))


@pytest.fixture
def launch(run: Callable[..., Harness], standin: Any) -> Callable[..., Harness]:
    """Return what starts LEAN's launcher harness on the stand-in, in a folder of its own.

    By its path and without anything installed, as in LEAN's image.
    """
    harness = ["--harness", str(PACKAGE), "--folder", str(standin.launcher)]

    def begin(scratch: Path, *options: str, **variables: str) -> Harness:
        scratch.mkdir(exist_ok=True)
        command = [sys.executable, "-IS", str(LAUNCHER), *harness, *options]
        environment = {**os.environ, **standin.environment, **variables}
        return run(*command, cwd=scratch, env=environment)

    return begin


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Return what writes a project's file, and says the entry `run` in it."""

    def put(name: str, text: str) -> str:
        file = tmp_path / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return f"{file}:run"

    return put


@pytest.fixture
def describe(program: list[str]) -> Callable[..., Any]:
    """Return what describes an entry, through the command."""

    def ask(entry: str | Path, *options: str) -> Any:
        command = [*program, "describe", "--entry", str(entry), *options]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout.endswith(b"\n")
        assert done.stdout.count(b"\n") == 1
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """Let children hear SIGINT: a shell that starts the tests in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
