"""What every command has around its calls of plugins: watched, interruptible, apart from JSON."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.search.guard import Guard
from leanopt_core.search.interrupt import Interrupts
from leanopt_core.search.run import run_pipeline
from leanopt_core.search.watchdog import SharedScreen, Watchdog
from tests.blame.broken import Broken
from tests.blame.test_watchdog import Shown

#: A plugin of every kind that prints, and notes for each call which of leanopt's threads look on.
NOISY = """
import json
import threading


def note(what):
    names = {thread.name for thread in threading.enumerate()}
    with open("noted", "a") as file:
        file.write(json.dumps([what, sorted({"watchdog", "last-resort"} & names)]) + "\\n")
    print("noise of", what)


note("import")


class Stage(Stage):
    def ask(self, context):
        note("ask")
        return super().ask(context)


class Judge(Judge):
    def __call__(self, backtests):
        note("score")
        return super().__call__(backtests)


class Sink(Sink):
    def trial(self, record):
        note("trial")


class Engine(Engine):
    def prepare(self, run_command, runtime, context):
        note("prepare")
        return super().prepare(run_command, runtime, context)

    def request(self, backtest, outputs, hello):
        note("request")
        return super().request(backtest, outputs, hello)


class Executor(Executor):
    def runtime(self):
        note("runtime")
        return super().runtime()


def make_stage(options, start):
    note("stage")
    return Stage(start)


def make_engine(options, project):
    note("engine")
    return Engine(options, project)


def make_executor(options, project):
    note("executor")
    return Executor(ProcessOptions(), project)
"""

PIPELINE = ("pipeline.toml",)
COMMANDS: dict[tuple[str, ...], set[str]] = {
    ("run", *PIPELINE, "--again"): {"import", "stage", "prepare", "ask", "score", "trial"},
    ("check", *PIPELINE): {"import", "stage", "engine", "executor"},
    ("plan", *PIPELINE, "--probe", "1"): {"import", "prepare", "runtime", "request"},
    ("doctor", *PIPELINE): {"import", "engine", "executor", "prepare"},
    ("show", "blame-1", "1"): {"import", "engine", "request"},
    ("plugins",): {"import"},
}


@pytest.fixture
def noisy(broken: Broken) -> Path:
    """A project that uses the noisy plugin for everything, with a run."""
    project = broken("stage", NOISY, uses=("fitness", "sink", "engine", "executor"))
    assert broken.run().returncode == 0
    return project


@pytest.mark.long
def test_every_command_looks_on_and_keeps_its_json_clean(
    noisy: Path, broken: Broken, leanopt: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Whatever plugins print while they are imported, built or called, in any thread."""
    for command, expected in COMMANDS.items():
        (noisy / "noted").unlink()
        done = leanopt(noisy, *command, "--json", PYTHONPATH=str(broken.site))
        json.loads(done.stdout)
        noted = list(map(json.loads, (noisy / "noted").read_text().splitlines()))
        assert {what for what, _ in noted} >= expected, command
        assert all(looking == ["last-resort", "watchdog"] for _, looking in noted), command
        printed = [line for line in done.stderr.splitlines() if line.startswith("noise of ")]
        assert len(printed) == len(noted), command


EXPORTS = """
def write(run, trials):
    print("noise of the export")
    yield run.name
    for one in trials(run.searches[0]):
        yield {line}
"""


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("str(one.number)", 0, ""),
        ("1 / 0", 4, "(acme-broken 1.0), exporting a run: it raised ZeroDivisionError: division"),
        ("one.number", 4, "exporting a run: it made the line 1, expected a text"),
    ],
)
def test_an_export_of_a_plugin_is_guarded(
    noisy: Path, broken: Broken, leanopt: Any, line: str, code: int, said: str
) -> None:
    """It is named, and what it prints is no line of the export."""
    info = broken.site / "acme_broken-1.0.dist-info" / "entry_points.txt"
    info.write_text("[leanopt.exports]\noptuna = acme_exports:write\n")
    (broken.site / "acme_exports.py").write_text(EXPORTS.format(line=line))
    done = leanopt(noisy, "export", "--to", "optuna", check=False, PYTHONPATH=str(broken.site))
    assert done.returncode == code
    assert said in done.stderr
    assert "noise of the export" in done.stderr
    numbers = [] if code else list(map(str, range(1, 9)))
    assert done.stdout.splitlines() == ["blame-1", *numbers]


def test_an_engine_that_fails_costs_a_trial_s_page_one_line(
    noisy: Path, broken: Broken, leanopt: Any
) -> None:
    """All else that is known of the trial is shown."""
    source = (
        "class Engine(Engine):\n    def request(self, backtest, outputs, hello):\n        1 / 0\n"
    )
    broken("engine", source)
    shown = leanopt(noisy, "show", "blame-1", "1", PYTHONPATH=str(broken.site)).stdout
    assert (
        "  default: engine 'broken' (acme-broken 1.0), making a request: it raised "
        "ZeroDivisionError: division by zero"
    ) in shown.splitlines()
    assert "Net Profit" in shown


THIEF = """
import signal

class Stage(Stage):
    def ask(self, context):
        if context.number in (3, 4):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if context.number == 6:
            assert callable(signal.getsignal(signal.SIGINT)), "nobody put it back"
        return super().ask(context)
"""


def test_a_plugin_that_ignores_ctrl_c_is_named_once(broken: Broken) -> None:
    """Leanopt's handler is back after the call."""
    broken("stage", THIEF)
    done = broken.run()
    assert done.returncode == 0
    said = "stage 'broken' (acme-broken 1.0) replaced leanopt's handler of SIGINT; it has been put"
    assert done.stderr.count(said) == 1


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """The handlers of a process, with the thread that hears of signals."""
    with Interrupts() as made, made.last_resort():
        yield made


def test_everything_is_put_back_after_a_call(interrupts: Interrupts) -> None:
    """The descriptor that hears of signals, and the handlers of the other signals."""
    said: list[str] = []
    interrupts.calls.handlers.warn = said.append

    def steal() -> None:
        assert signal.set_wakeup_fd(-1) != -1
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    before = signal.getsignal(signal.SIGTERM)
    Guard("the thief", calls=interrupts.calls).call("being built", steal)
    assert signal.getsignal(signal.SIGTERM) == before
    ours = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
    assert ours != -1
    assert said == ["a plugin replaced leanopt's handler of SIGTERM; it has been put back"]


def test_a_long_call_that_took_ctrl_c_away_is_told_of(interrupts: Interrupts) -> None:
    """With what still ends the process; no other thread can put a handler back."""
    calls, shown = interrupts.calls, Shown()

    def steal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        watchdog.look()

    with Watchdog(calls, SharedScreen(shown), first=0.0, every=3600) as watchdog:
        Guard("the thief", calls=calls).call("told trial 3", steal)
    (said,) = shown.warnings
    assert said.startswith("the thief has been working on trial 3 for 0 s; it has replaced leanopt")
    assert said.endswith(f"'s handler of Ctrl-C: kill -9 {os.getpid()}")


def test_a_loop_of_asyncio_takes_nothing_away(interrupts: Interrupts) -> None:
    """It hears of signals by a descriptor of its own, and drops ours when it ends."""

    async def listen() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: None)
        loop.remove_signal_handler(signal.SIGUSR1)

    Guard("modern", calls=interrupts.calls).call("being built", lambda: asyncio.run(listen()))
    ours = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
    assert ours != -1


def test_handlers_are_given_back(broken: Broken) -> None:
    """To the program that runs a pipeline from Python."""
    project = broken("stage", "")
    before = signal.getsignal(signal.SIGINT)
    with broken.importable():
        run_pipeline(load_pipeline(project / "pipeline.toml", discover()), discover(), Shown())
    assert signal.getsignal(signal.SIGINT) is before


STUCK = """
import time


def stuck():
    while True:
        try:
            # Here, so that a signal that comes at once is caught too.
            open("stuck", "w").close()
            time.sleep(1000)
        except BaseException:
            pass
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "kind", "source", "said"),
    [
        pytest.param("check", "stage", "def make_stage(*_): stuck()", "(being built)", id="check"),
        pytest.param(
            *("plan", "engine", "def make_engine(*_): stuck()", "(being built)"),
            id="plan",
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("doctor", "executor", "def make_executor(*_): stuck()", "(being built)"),
            id="doctor",
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("run", "stage", "stuck()", "(being imported)"), id="run", marks=pytest.mark.long
        ),
    ],
)
def test_a_second_ctrl_c_ends_any_command(
    broken: Broken, start: Any, command: str, kind: str, source: str, said: str
) -> None:
    """And names the plugin that did not return."""
    project = broken(kind, f"{STUCK}\n\n{source}\n")
    process = start(project, command, "pipeline.toml", PYTHONPATH=str(broken.site))
    while not (project / "stuck").exists():
        assert process.poll() is None, process.communicate()[1]
    for _ in range(300):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            break
    assert process.returncode == 130
    last = process.stderr.read().splitlines()[-1]
    assert last.startswith("leanopt: ended by a second signal: ")
    assert "acme-broken 1.0" in last
    assert f"was still working {said}" in last
