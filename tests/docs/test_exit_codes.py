"""Every exit code is on the page, with its kind, and real commands end with it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leanopt_core import cli, errors
from leanopt_core.cli.group import INTERRUPTED

Page = Callable[[str], str]
Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Install = Callable[..., Path]
Sections = Callable[[str, str], dict[str, str]]

SMALL = ("--set", "stage.0.trials=2", "--set", "stage.1.trials=1")

#: A command line for each code, on the quickstart with what `trouble` has put there.
CASES = {
    "check pipeline.toml": 0,
    "show": 2,
    "run pipeline.toml --workers none": 2,
    "plugins nothing": 2,
    "check pipeline.toml --set sead=1": 3,
    "plan pipeline.toml --set sead=1": 3,
    "run pipeline.toml --set parameters.fast.step=-1": 3,
    "plugins": 4,
    "plan pipeline.toml --set executor.use=broken": 4,
    "run pipeline.toml --set executor.use=broken": 4,
    "plan pipeline.toml --set strategy.entry=none.py:run": 5,
    "run pipeline.toml --set strategy.entry=none.py:run": 5,
    "run pipeline.toml --set strategy.entry=dying.py:run": 6,
    "plan pipeline.toml --set strategy.python=nowhere/python": 5,
    "run garbled/pipeline.toml": 7,
    "runs -C garbled": 7,
    "show -C garbled": 7,
    "export -C garbled": 7,
    "verify none --against warm -C garbled": 7,
    "run pipeline.toml --resume": 8,
    "boom": 70,
}

PLUGIN = """
import click

from leanopt_core.api import hookimpl
from leanopt_core.specs import CommandSpec, ExecutorSpec

LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_executors():
    return [ExecutorSpec("broken", "leanopt_trouble:nothing")]


@hookimpl
def leanopt_commands():
    return [CommandSpec("boom", "leanopt_trouble:boom")]


@hookimpl
def leanopt_stages():
    raise RuntimeError("no stages today")


@click.command
def boom():
    raise RuntimeError("a defect")
"""


def kinds(owner: type[errors.LeanoptError]) -> Iterator[type[errors.LeanoptError]]:
    """Return a kind of error and all below it."""
    yield owner
    for kind in owner.__subclasses__():
        yield from kinds(kind)


@pytest.fixture
def table(page: Page) -> dict[int, tuple[str, str]]:
    """The page's rows: code to kind and meaning."""
    text = page("reference/exit-codes.md")
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, flags=re.MULTILINE)
    assert [int(code) for code, _, _ in rows] == sorted({int(code) for code, _, _ in rows})
    return {int(code): (kind, meaning) for code, kind, meaning in rows}


def test_every_kind_of_error_is_beside_its_code(table: dict[int, tuple[str, str]]) -> None:
    """The table has these codes, those of a success, a defect and an interruption, no others."""
    by_code: dict[int, set[str]] = {0: set(), cli.INTERNAL_ERROR: set(), INTERRUPTED: set()}
    for kind in kinds(errors.LeanoptError):
        if kind.__module__ == errors.__name__:
            by_code.setdefault(kind.exit_code, set()).add(kind.__name__)
    assert {
        code: set(re.findall(r"`(\w+Error)`", kind)) for code, (kind, _) in table.items()
    } == by_code


def test_commands_name_only_codes_of_the_table(
    table: dict[int, tuple[str, str]], page: Page, sections: Sections
) -> None:
    """And each code that a case below shows for a command is listed at that command."""
    for title, text in sections(page("reference/commands.md"), "##").items():
        if title.startswith("`leanopt "):
            (said,) = re.findall(r"^Exit codes: ([\d, ]+)\.$", text, flags=re.MULTILINE)
            codes = {int(code) for code in said.split(", ")}
            name = title.strip("`").split()[1]
            shown = {code for line, code in CASES.items() if line.split()[0] == name}
            assert shown <= codes <= set(table)


def test_every_code_has_a_case(table: dict[int, tuple[str, str]]) -> None:
    """But for 1, which no kind has, and 9, 10 and 130, which have tests of their own."""
    partly = errors.SearchesFailedError.exit_code
    others = {1, errors.DifferenceError.exit_code, partly, INTERRUPTED}
    assert set(CASES.values()) | others == set(table)


@pytest.fixture
def trouble(quickstart: Path, install: Install) -> dict[str, str]:
    """Put everything there that a case needs, and return the environment for it."""
    strategy = (quickstart / "strategy.py").read_text()
    dying = '\nimport os, sys\nif "serve" in sys.argv:\n    os._exit(3)\n'
    (quickstart / "dying.py").write_text(strategy + dying)
    garbled = quickstart / "garbled"
    (garbled / ".leanopt").mkdir(parents=True)
    (garbled / ".leanopt" / "leanopt.db").write_text("no database")
    for name in ("pipeline.toml", "strategy.py", "data"):
        (garbled / name).symlink_to(quickstart / name)
    return {"PYTHONPATH": str(install("leanopt-trouble", PLUGIN))}


@pytest.mark.slow
@pytest.mark.parametrize(("line", "code"), CASES.items())
def test_commands_end_with_the_code_of_their_trouble(
    line: str, code: int, trouble: dict[str, str], quickstart: Path, leanopt: Leanopt
) -> None:
    """Nothing but a message is seen of it."""
    arguments = line.split()
    completed = leanopt(quickstart, *arguments, *(SMALL if "run" in arguments else ()), **trouble)
    assert completed.returncode == code, completed.stderr
    if code not in (0, 2):
        assert "leanopt: " in completed.stderr


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_its_code(number: int, quickstart: Path, start: Start) -> None:
    """By Ctrl-C or by whoever ends processes."""
    process = start(quickstart, "run", "pipeline.toml", "--workers", "2")
    assert next(process.stderr) == "stage lhs begins\n"
    process.send_signal(number)
    assert process.wait(timeout=60) == INTERRUPTED
    assert process.stdout.read().startswith("run quickstart-1: interrupted")
