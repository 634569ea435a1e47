"""A command called in the tests' own process ends and prints as the installed program does."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.command import Completed, as_process, in_process

#: Lines with the exit code that both must give: help, answers and mistakes.
LINES = {
    "--help": 0,
    "run --help": 0,
    "plugins --json": 0,
    "check pipeline.toml": 0,
    "check pipeline.toml --set sead=1": 3,
    "plan pipeline.toml": 0,
    "rnu pipeline.toml": 2,
    "run": 0,
    "run pipeline.toml --set strategy.entry=none.py:run": 5,
    "runs -C none": 2,
    "show": 0,
    "show slope-1 1": 0,
    "show slope-9": 2,
    "export": 0,
    "compare :1 :2": 0,
    "delete slope-1": 1,
}
#: What no two calls have alike: times, rates, and whether a run takes long enough to say them.
PASSING = re.compile(
    r"^\d+ trials(?: \(.*?\))?, .*\n| \([\d.]+/s\)|, workers [\d.]+% busy"
    r"|\d+(?:\.\d+)?(?= ?(?:(?:s|ms|/s)\b|%))|\d{4}-\d\d-\d\d[ T][\d:.]+",
    re.MULTILINE,
)


@pytest.mark.alike(2)
@pytest.mark.parametrize(("line", "code"), LINES.items())
def test_both_ways_give_the_same(line: str, code: int, searched: Path) -> None:
    """The exit code, and each of the two streams."""
    apart, here = (
        call(searched, shlex.split(line), {"COLUMNS": "90"}, 300)
        for call in (as_process, in_process)
    )
    assert (apart.returncode, here.returncode) == (code, code), apart.stderr + here.stderr
    assert apart.stdout or apart.stderr
    assert_alike(apart, here)


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize("kind", ["rising", "failing"])
def test_runs_too(kind: str, project: Path) -> None:
    """Both begin without a store; workers are other processes either way."""
    both = []
    for call in (as_process, in_process):
        arguments = ("run", "pipeline.toml", "--workers", "1")
        both.append(call(project, (*arguments, "--set", f"parameters.kind={kind}"), {}, 300))
        shutil.rmtree(project / ".leanopt")
    apart, here = both
    assert apart.returncode == here.returncode == 0
    assert "slope-1: finished" in here.stdout
    assert_alike(apart, here)


def assert_alike(apart: Completed, here: Completed) -> None:
    """Fail unless both streams are the same but for times and rates."""
    assert PASSING.sub("", here.stdout) == PASSING.sub("", apart.stdout)
    assert PASSING.sub("", here.stderr) == PASSING.sub("", apart.stderr)


def test_the_tests_process_is_as_before(project: Path) -> None:
    """Folder, variables, signal handlers, arguments, streams and import path are put back."""

    def state() -> tuple[object, ...]:
        handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        streams = (sys.stdin, sys.stdout, sys.stderr, sys.unraisablehook)
        return Path.cwd(), dict(os.environ), handlers, list(sys.argv), list(sys.path), streams

    before = state()
    done = in_process(project, ("run", "pipeline.toml"), {"LEANOPT_PLUGINS": "lhs"}, 300)
    assert done.returncode != 0
    assert state() == before
    assert in_process(project, ("run", "pipeline.toml"), {}, 300).returncode == 0
    assert state() == before


def test_a_command_that_hangs_is_ended(project: Path) -> None:
    """Its test fails, and does not wait for ever: here for a gate that nobody opens."""
    held = ("run", "pipeline.toml", "--set", "parameters.kind=held")
    done = in_process(project, held, {}, 3)
    assert done.returncode == 70
    assert "TimeoutError" in done.stderr
