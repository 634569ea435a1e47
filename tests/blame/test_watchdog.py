"""Long calls into plugins are named, and a stuck process ends at a second signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Event, Thread

import pytest

from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.search.calls import Call, Calls
from leanopt_core.search.events import RunEvent, Warned
from leanopt_core.search.guard import Guard
from leanopt_core.search.run import run_pipeline
from leanopt_core.search.wanted import Wanted
from leanopt_core.search.watchdog import SharedScreen, Watchdog
from tests.blame.broken import Broken
from tests.processes import processes_of

#: Warns of calls over 10 ms, again and again.
WATCHFUL = partial(Watchdog, first=0.01, again=0.01, every=0.005)
STAGE = "stage 'anneal' (acme-anneal 0.1.0)"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class Shown:
    """A screen that keeps the warnings, and calls `warned` at each."""

    def __init__(self, warned: Callable[[], object] = lambda: None) -> None:
        self.warnings: list[str] = []
        self.ticks = 0
        self._warned = warned

    def observe(self, event: RunEvent) -> None:
        """Keep a warning."""
        if isinstance(event, Warned):
            self.warnings.append(event.message)
            self._warned()

    def tick(self) -> None:
        """Count."""
        self.ticks += 1

    def patience(self) -> float | None:
        """Return None: nothing is redrawn by itself."""
        return None


@pytest.fixture
def clock() -> Clock:
    """A clock at 0 s."""
    return Clock()


@pytest.fixture
def shown() -> Shown:
    """A screen."""
    return Shown()


@pytest.fixture
def calls(clock: Clock) -> Calls:
    """Calls by the test's clock."""
    return Calls(clock)


@pytest.fixture
def watchdog(calls: Calls, shown: Shown, clock: Clock) -> Iterator[Watchdog]:
    """A watchdog that looks only when the test says so."""
    with Watchdog(calls, SharedScreen(shown), every=3600, clock=clock) as dog:
        yield dog


def test_a_long_call_is_named_once_and_then_each_minute(
    calls: Calls, shown: Shown, clock: Clock, watchdog: Watchdog
) -> None:
    """After 10 s, 60 s, 120 s; a call that begins later has its own time."""
    said: list[tuple[float, str]] = []

    def look(until: int) -> None:
        while clock.now < until:
            clock.now += 1
            watchdog.look()
            said.extend((clock.now, text) for text in shown.warnings)
            shown.warnings.clear()

    guard = Guard(STAGE, calls=calls)
    guard.call("asked for trial 30", look, 150)
    guard.call("told trial 29", look, 155)
    guard.call("told trial 30", look, 170)
    look(400)
    assert said == [
        (10, f"{STAGE} has been working on trial 30 for 10 s"),
        (60, f"{STAGE} has been working on trial 30 for 60 s"),
        (120, f"{STAGE} has been working on trial 30 for 120 s"),
        (165, f"{STAGE} has been working on trial 30 for 10 s"),
    ]


def test_one_late_look_warns_once(
    calls: Calls, shown: Shown, clock: Clock, watchdog: Watchdog
) -> None:
    """As after a sleep of the machine."""

    def sleep() -> None:
        clock.now = 3605
        watchdog.look()
        watchdog.look()

    Guard(STAGE, calls=calls).call("told trial 2", sleep)
    assert shown.warnings == [f"{STAGE} has been working on trial 2 for 3600 s"]


def test_the_inner_of_two_plugins_is_named(
    calls: Calls, shown: Shown, clock: Clock, watchdog: Watchdog
) -> None:
    """An engine is not at fault for what the executor's command takes, nor blamed for it later."""
    engine, executor = (Guard(name, calls=calls) for name in ("engine", "executor"))

    def command() -> None:
        clock.now += 50
        watchdog.look()

    def prepare() -> None:
        clock.now += 9
        watchdog.look()
        executor.call("running a command", command)
        clock.now += 9
        watchdog.look()
        clock.now += 1
        watchdog.look()

    engine.call("preparing the strategy", prepare)
    assert shown.warnings == [
        "executor has been running a command for 10 s",
        "engine has been preparing the strategy for 10 s",
    ]
    assert calls.now() == {}


def test_a_call_in_any_thread_is_named(
    calls: Calls, shown: Shown, clock: Clock, watchdog: Watchdog
) -> None:
    """The screen is redrawn only while the main thread is kept from doing so."""
    begun, end = Event(), Event()

    def read() -> None:
        begun.set()
        end.wait()

    guard = Guard("engine", calls=calls)
    thread = Thread(target=guard.call, args=("reading an answer", read))
    thread.start()
    begun.wait()
    clock.now = 11
    watchdog.look()
    end.set()
    thread.join()
    assert shown.warnings == ["engine has been reading an answer for 10 s"]
    assert shown.ticks == 0

    def wait() -> None:
        clock.now += 11
        watchdog.look()
        watchdog.look()

    guard.call("making a request", wait)
    assert shown.ticks == 2


def test_a_call_that_raises_has_ended(calls: Calls) -> None:
    """Whatever it raises."""
    for error in (ValueError(), KeyboardInterrupt(), SystemExit()):

        def fail(error: BaseException = error) -> None:
            raise error

        with pytest.raises(BaseException):  # noqa: B017, PT011 - which one is not the point
            Guard(STAGE, calls=calls).call("asked for trial 1", fail)
    assert calls.now() == {}


@pytest.mark.parametrize(
    ("doing", "working"),
    [
        ("asked for trial 7", "working on trial 7"),
        ("scoring a trial", "scoring a trial"),
        ("being built", "working (being built)"),
        ("asked for its data", "working (asked for its data)"),
    ],
)
def test_what_a_plugin_works_at_is_said_in_words(doing: str, working: str) -> None:
    """With the trial's number if there is one."""
    assert Call("stage", doing, 0.0).working() == working


def test_a_run_is_not_changed_by_a_warning(broken: Broken, canonical) -> None:
    """A stage that waits until the warning has been shown proposes the same trials."""
    source = """
import pathlib

class Stage(Stage):
    def ask(self, context):
        fifo = pathlib.Path("wait")
        if context.number == 4 and fifo.exists():
            fifo.read_text()
        return super().ask(context)
"""
    project = broken("stage", source)
    broken.run()
    truth = canonical(project)
    fifo = project / "wait"
    os.mkfifo(fifo)

    def go_on() -> None:
        # Nobody reads it if the warning was about another call.
        with suppress(OSError):
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))

    screen = Shown(go_on)
    with broken.importable():
        loaded = load_pipeline(project / "pipeline.toml", discover())
        run_pipeline(loaded, discover(), screen, wanted=Wanted(again=True), watch=WATCHFUL)
    said = "stage 'broken' (acme-broken 1.0) has been working on trial 4 for "
    assert any(warning.startswith(said) for warning in screen.warnings)
    fifo.unlink()
    assert canonical(project) == truth


STUCK = """
import os, signal, sys, time
from leanopt_core.search.last_resort import LastResort

with LastResort([signal.SIGINT], lambda: print("bye", flush=True), patience=0.02):
    signal.signal(signal.SIGINT, lambda *_: None)
    print("begun", flush=True)
    while True:
        {work}
"""


@pytest.mark.parametrize("work", ["pass", "time.sleep(1000)", "os.read(os.pipe()[0], 1)"])
def test_a_second_signal_ends_a_stuck_process(work: str) -> None:
    """In Python or in C that lets the interpreter go on; the exit code is 130."""
    command = [sys.executable, "-c", STUCK.format(work=work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.03)
            except subprocess.TimeoutExpired:
                continue
        assert (process.returncode, process.stdout.read()) == (130, "bye\n")


def test_one_signal_ends_nothing_by_force() -> None:
    """Nor do several within the time that counts as one, nor what is not a signal to end."""
    code = """
import os, signal
from leanopt_core.search.last_resort import LastResort

signal.signal(signal.SIGINT, lambda *_: None)
signal.signal(signal.SIGUSR1, lambda *_: None)
with LastResort([signal.SIGINT], lambda: print("bye"), patience=60):
    for _ in range(50):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGUSR1)
assert signal.set_wakeup_fd(-1) == -1
print("good order")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "good order\n"


STUBBORN = """
import time

class Stage(Stage):
    def ask(self, context):
        while context.number == 5:
            try:
                open("stuck", "w").close()
                time.sleep(1000)
            except BaseException:
                pass
        return super().ask(context)
"""


@pytest.mark.slow
def test_a_stage_that_swallows_ctrl_c_is_ended_and_its_run_resumed(
    broken: Broken, start, canonical
) -> None:
    """The second Ctrl-C names it; no worker is left, and what was told is kept."""
    project = broken("stage", STUBBORN)
    process = start(project, "run", "pipeline.toml", PYTHONPATH=str(broken.site))
    while not (project / "stuck").exists():
        assert process.poll() is None, process.communicate()[1]
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == 130
    assert process.stderr.read().splitlines()[-1] == (
        "leanopt: ended by a second signal: stage 'broken' (acme-broken 1.0) was still working on "
        "trial 5; what has finished is stored"
    )
    while processes_of(project):
        pass
    broken("stage", STUBBORN.replace("== 5", "== 0"))
    assert broken.run("--resume").returncode == 0
    resumed = canonical(project)
    broken.run()
    assert canonical(project) == resumed
