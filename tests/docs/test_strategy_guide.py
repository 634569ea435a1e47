"""The guide to strategies is followed to the letter, through the real harness and command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = "how-to/write-a-strategy.md"
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def fences(page: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """Return every fenced block: language, what it is, text."""
    return FENCE.findall(page(PAGE))


@pytest.fixture(scope="module")
def folder(fences: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the guide's files were written and its bars were made."""
    place = tmp_path_factory.mktemp("crossing")
    (place / "data").mkdir()
    for _, what, text in fences:
        if what.startswith("file="):
            (place / what.removeprefix("file=")).write_text(text)
    (make,) = [command for command in commands(fences) if "make_bars" in command]
    shell(make, place)
    return place


def commands(fences: list[tuple[str, str, str]]) -> list[str]:
    """Return the commands typed on the page, their further lines joined."""
    text = "".join(text for kind, _, text in fences if kind == "console")
    return [
        part.replace("\n> ", "\n").strip()
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    ]


def shell(command: str, folder: Path) -> str:
    """Run a command in the folder, with this interpreter and its commands first; no failure."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(fences: list[tuple[str, str, str]], what: str) -> Any:
    """Return the JSON that the page shows."""
    (text,) = [text for kind, given, text in fences if (kind, given) == ("json", what)]
    return json.loads(text)


def test_every_block_and_command_is_known(fences: list[tuple[str, str, str]]) -> None:
    """None on the page is left unchecked, the installation apart."""
    kinds = {(kind, what.partition("=")[0]) for kind, what, _ in fences}
    assert kinds == {
        ("console", ""),
        ("python", "file"),
        ("toml", "file"),
        ("json", "smallest"),
        ("json", "strategy"),
    }
    words = [command.split()[0] for command in commands(fences)]
    assert words == ["pip", "mkdir", "echo", "python", "echo", "leanopt", "leanopt"]


def test_the_smallest_strategy_answers_as_shown(
    fences: list[tuple[str, str, str]], folder: Path
) -> None:
    """Run in a shell, its time aside."""
    (command,) = [command for command in commands(fences) if "smallest" in command]
    found, expected = json.loads(shell(command, folder)), shown(fences, "smallest")
    assert found.pop("seconds") >= 0
    assert expected.pop("seconds") >= 0
    assert found == expected


def test_the_strategy_answers_as_shown(fences: list[tuple[str, str, str]], folder: Path) -> None:
    """The statistics that the page picks out, to the digits that it shows."""
    (command,) = [command for command in commands(fences) if "strategy.py" in command]
    answer = json.loads(shell(command, folder))
    assert (answer["status"], answer["read"]) == ("complete", ["fast", "slow"])
    expected = shown(fences, "strategy")
    found = {name: answer["statistics"][name] for name in expected}
    assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.long
@pytest.mark.slow
def test_the_pipeline_has_no_mistakes(fences: list[tuple[str, str, str]], folder: Path) -> None:
    """And is searched."""
    for command in commands(fences):
        if command.startswith("leanopt"):
            shell(command, folder)
    assert (folder / ".leanopt" / "leanopt.db").is_file()


def test_statistics_of_ones_own_stand_beside_leans(
    page: Callable[[str], str], folder: Path
) -> None:
    """The expression on the page, in a strategy of its own."""
    (expression,) = re.findall(r"`(Result\(\{\*\*.*?\))`", page(PAGE), re.DOTALL)
    (folder / "own.py").write_text(
        "from leanopt_harness import Result, backtest\n"
        "from leanopt_harness.statistics import lean_result\n"
        "@backtest\n"
        "def run(parameters, scenario):\n"
        "    result = lean_result([86400, 172800], [1.0, 2.0], [])\n"
        f"    return {expression}\n"
    )
    line = '{"id": "1", "backtest": {"parameters": {}, "scenario": {}}, "outputs": ["equity"]}'
    command = f"echo '{line}' | python -m leanopt_harness serve --entry own.py:run"
    answer = json.loads(shell(command, folder))
    assert answer["statistics"]["Exposure"] == 0.4
    assert answer["statistics"]["Net Profit"] == 1.0
    assert answer["equity"]["values"]
