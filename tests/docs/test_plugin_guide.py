"""What the plugin guide shows is built as a wheel, installed in an environment of its own, used."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "write-a-plugin.md").read_text(encoding="utf-8")
PLUGIN, CORE, HARNESS = "leanopt-walker", "leanopt-core", "leanopt-harness"
BROUGHT = {
    ("stage", "walker"),
    ("stage", "front_walker"),
    ("fitness function", "return_over_pain"),
    ("sink", "csv"),
    ("executor", "plain"),
    ("engine", "program"),
}

pytestmark = [pytest.mark.slow, pytest.mark.long]
InEnvironment = Callable[..., "subprocess.CompletedProcess[str]"]


def files() -> dict[str, str]:
    """Return the files that the guide shows, by name."""
    blocks = re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    return dict(blocks)


def commands() -> list[list[str]]:
    """Return the command lines that the guide shows."""
    return [shlex.split(line) for line in re.findall(r"^\$ (.+)$", GUIDE, flags=re.MULTILINE)]


def needed(name: str, seen: set[str]) -> Iterator[Distribution]:
    """Return what a distribution says it depends on, leanopt's own distributions left out."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and requirement.name not in seen:
            seen.add(requirement.name)
            if not requirement.name.startswith("leanopt-"):
                yield distribution(requirement.name)
            yield from needed(requirement.name, seen)


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it must succeed."""
    completed = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, **options
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's files."""
    folder = tmp_path_factory.mktemp("guide")
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def build(source: Path, target: Path) -> None:
    """Build a distribution's wheel with what is installed here."""
    options = ("--wheel", "--no-isolation", "--outdir")
    run(sys.executable, "-m", "build", *options, target, source)


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, wheel: Callable[[str], Path], folder: Path
) -> Path:
    """An environment with the three wheels and what the core declares that it needs, no more."""
    root = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", root)
    build(folder / PLUGIN, root / "wheels")
    wheels = [wheel(CORE), wheel(HARNESS), *(root / "wheels").iterdir()]
    pip = ("-m", "pip", "--python", root / "bin" / "python", "install")
    run(sys.executable, *pip, "--quiet", "--no-index", "--no-deps", *wheels)
    (site,) = root.glob("lib/python*/site-packages")
    for dependency in needed(CORE, set()):
        for part in {file.parts[0] for file in dependency.files or ()} - {"..", "__pycache__"}:
            (site / part).symlink_to(str(dependency.locate_file(part)))
    return root


@pytest.fixture(scope="module")
def inside(environment: Path, folder: Path) -> InEnvironment:
    """Run one of the environment's programs in the guide's folder."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}

    def command(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(environment / "bin" / program, *arguments, cwd=folder, env=kept)

    return command


@pytest.fixture(scope="module")
def guided(inside: InEnvironment) -> dict[str, subprocess.CompletedProcess[str]]:
    """What each of the guide's commands said, in its order, the plugin being installed."""
    lines = commands()
    assert lines[0] == ["pip", "install", f"./{PLUGIN}"]
    return {" ".join(line): inside(*line) for line in lines[1:]}


def shown(inside: InEnvironment, *run: str) -> dict[str, Any]:
    """Return what `leanopt show` says of a run, the newest by default."""
    document: dict[str, Any] = json.loads(
        inside("leanopt", "show", "-C", "walk", "--json", *run).stdout
    )
    return document


@pytest.mark.smoke
def test_every_snippet_is_a_file_and_whole() -> None:
    """Nothing is left to guess: all code on the page is part of a file, and each file is named."""
    languages = re.findall(r"^```(\w+)(?: file=\S+)?$", GUIDE, flags=re.MULTILINE)
    plain = re.findall(r"^```(\w+)$", GUIDE, flags=re.MULTILINE)
    assert {"python", "toml"} <= set(languages)
    assert set(plain) == {"text", "console"}
    tree = re.search(r"^```text\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    for name in files():
        assert all(part in tree[1] for part in name.split("/"))


def test_the_wheels_are_what_is_imported(environment: Path, inside: InEnvironment) -> None:
    """Not the checkout, though the tests' own interpreter has it installed."""
    names = [name.replace("-", "_") for name in (CORE, HARNESS, PLUGIN)]
    code = f"import {', '.join(names)}; print({', '.join(f'{name}.__file__' for name in names)})"
    places = inside("python", "-c", code).stdout.split()
    assert len(places) == len(names)
    for place in places:
        assert Path(place).resolve().is_relative_to(environment.resolve())


def test_the_plugin_is_found_and_nothing_is_wrong_with_it(inside: InEnvironment) -> None:
    """All six names, and beside them only what the core brings."""
    found = json.loads(inside("leanopt", "plugins", "--json").stdout)
    assert found["problems"] == []
    whose = {(one["kind"], one["name"]): one["distribution"] for one in found["plugins"]}
    assert {name for name, owner in whose.items() if owner == PLUGIN} == BROUGHT
    assert set(whose.values()) == {PLUGIN, CORE}


def test_the_guides_commands_say_what_it_promises(
    guided: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    """Options with their help; a run that finds the hill."""
    assert "levels a step may span" in guided["leanopt plugins walker"].stdout
    assert guided["leanopt check walk/pipeline.toml"].stdout.endswith("ok\n")
    assert "run walk-1: finished" in guided["leanopt run walk/pipeline.toml"].stdout
    assert "run program-1: finished" in guided["leanopt run walk/program.toml"].stdout
    section = guided["leanopt show -C walk --evidence"].stdout.splitlines()
    assert section == ["run program-1", "", "How much was tried", "", "trials  20"]


def test_the_program_was_run_for_each_backtest(
    guided: dict[str, subprocess.CompletedProcess[str]], inside: InEnvironment
) -> None:
    """The engine by command gives the values that the strategy of the other pipeline has."""
    assert guided
    report = shown(inside, "program-1", "--top", "20")
    assert report["trials"]["completed"] == 20
    for trial in report["best"]:
        x, y = trial["parameters"]["x"], trial["parameters"]["y"]
        profit = 0.5 - (x / 40 - 0.6) ** 2 - (y - 0.3) ** 2
        statistics = trial["backtests"][0]["statistics"]
        assert statistics["Net Profit"] == pytest.approx(profit)


def test_all_others_were_used(
    folder: Path, guided: dict[str, subprocess.CompletedProcess[str]], inside: InEnvironment
) -> None:
    """The run says by whom it was searched and carried out; the sink wrote what the store has."""
    assert guided
    report = shown(inside, "walk-1")
    (stage,) = report["stages"]
    assert (stage["method"], stage["completed"]) == ("walker", 60)
    assert report["execution"]["executor"]["use"] == "plain"
    assert report["trials"]["failures"] == {}
    with (folder / "walk" / "trials.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [int(number) for number, *_ in rows] == list(range(1, 61))
    for number, fitness, x, y in rows:
        # The strategy and the fitness function called directly, as the guide shows both.
        profit = 0.5 - (int(x) / 40 - 0.6) ** 2 - (float(y) - 0.3) ** 2
        drawdown = 0.1 + 0.2 * float(y)
        expected = profit / drawdown if profit > 0 else profit * (1 + drawdown)
        assert float(fitness) == pytest.approx(expected), number
    origins = [
        json.loads(inside("leanopt", "show", "-C", "walk", "walk-1", number, "--json").stdout)
        for number in ("1", "60")
    ]
    assert [one["origin"] for one in origins] == ["jump", "step"]


def test_the_executor_stands_back_and_kills_what_hangs(folder: Path, inside: InEnvironment) -> None:
    """Workers have its priority; one past the time limit is ended and replaced."""
    (folder / "walk" / "hanging.py").write_text(
        "import os\n"
        "import signal\n"
        "from leanopt_harness import Result, backtest\n\n\n"
        "@backtest\n"
        "def run(parameters, scenario):\n"
        "    if parameters['x'] % 2 == 0:\n"
        "        signal.pause()\n"
        "    nice = os.nice(0)\n"
        "    return Result({'Net Profit': nice, 'Drawdown': parameters['y'], 'Total Orders': 1})\n"
    )
    settings = {
        "name": "hang",
        "strategy.entry": "hanging.py:run",
        "executor.time_limit": "0.5s",
        "executor.nice": "7",
        "stage.0.trials": "8",
        "search.lookahead": "8",
    }
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    inside("leanopt", "run", "walk/pipeline.toml", *sets)
    report = shown(inside, "hang-1", "--top", "8")
    counts = report["trials"]
    assert counts["completed"] + counts["failed"] == len(report["best"]) == 8
    assert report["trials"]["failures"].keys() == {"timeout"}
    for trial in report["best"]:
        (backtest,) = trial["backtests"]
        if trial["parameters"]["x"] % 2:
            assert backtest["statistics"]["Net Profit"] == min(os.nice(0) + 7, 19)
        else:
            assert (backtest["failure"], backtest["attempts"]) == ("timeout", 1)


def lines_of(module: str, *names: str) -> int:
    """Return the lines of code of a module, or of some of its functions and classes.

    Blank lines, comments and docstrings do not count.
    """
    tree = ast.parse(files()[f"leanopt-walker/leanopt_walker/{module}.py"])
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            del node.body[0]
    code = [one for one in tree.body if not names or getattr(one, "name", "") in names]
    return sum(bool(line) for one in code for line in ast.unparse(one).splitlines())


def test_each_part_is_short() -> None:
    """What a page must show can be read in a minute."""
    assert 0 < lines_of("executor") < 15
    assert 0 < lines_of("front") < 15
    assert 0 < lines_of("engine") < 60
    for made, kept in (("stage", "Walker"), ("fitness", "ReturnOverPain"), ("sink", "CsvSink")):
        assert 0 < lines_of("work", f"make_{made}", kept) < 60


def test_nothing_outlives_a_run_that_is_killed(folder: Path, environment: Path) -> None:
    """A worker behind the prefix hangs, with a daemon; leanopt gets `kill -9`."""
    (folder / "walk" / "daemons.py").write_text(
        "import signal\n"
        "import subprocess\n"
        "from leanopt_harness import backtest\n\n\n"
        "@backtest\n"
        "def run(parameters, scenario):\n"
        "    subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "    signal.pause()\n"
    )
    mark = f"{folder}/walk/.leanopt/scratch/".encode()
    options = ("--set", "strategy.entry=daemons.py:run", "--set", "name=killed")
    command = (environment / "bin" / "leanopt", "run", "walk/pipeline.toml", *options)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(command, cwd=folder, env=kept) as owner:
        # Of each of two workers: guard, harness, daemon.
        eventually(lambda: len(marked(mark)) == 6)
        owner.kill()
    eventually(lambda: not marked(mark))


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fails where it never does."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


def marked(text: bytes) -> list[int]:
    """Return the processes that have a text in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if text in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def test_the_stage_keeps_the_rules(folder: Path, inside: InEnvironment) -> None:
    """Another number of workers, nothing from a store: the same trials, to the byte."""
    dumps = []
    for workers in ("1", "3"):
        fresh = folder / f"workers-{workers}"
        fresh.mkdir()
        for name in ("pipeline.toml", "strategy.py"):
            (fresh / name).write_text(files()[f"walk/{name}"])
        inside("leanopt", "run", str(fresh / "pipeline.toml"), "--workers", workers)
        dumps.append(inside("leanopt", "export", "-C", str(fresh), "--canonical").stdout)
    assert dumps[0] == dumps[1]
    assert len(dumps[0].splitlines()) == 60
