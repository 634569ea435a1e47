"""The short how-to pages are followed from top to bottom, on a copy of the quickstart."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lean_data import Folder
from tests.standin import Standin, install

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = (
    "my-first-pipeline",
    "my-own-fitness",
    "conditional-parameters",
    "backtest-a-point",
    "moving-from-lean-optimize",
    "moving-from-lean-optimizer",
    "read-a-run",
    "walk-forward",
    "cpcv",
    "choose",
    "several-objectives",
    "keep-a-holdout",
    "read-the-store",
    "from-python",
    "run-on-a-server",
)
FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?( append)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
#: Programs that need another machine, a terminal, or what is not installed for the tests.
ELSEWHERE = (
    "ssh",
    "rsync",
    "tmux attach",
    "datasette",
    "pip install datasette",
    "pip install 'leanopt-core[testing]'",
)
#: A program that a machine which runs the tests may lack.
PERHAPS = "sqlite3"
TMUX = re.compile(r"tmux new -d -s \w+ '(.+)'")
INTERRUPT = "^C\n"

pytestmark = [pytest.mark.slow, pytest.mark.long]


#: What lean-optimizer's README documents: commands, flags, keys, variables.
LEAN_OPTIMIZERS = (
    "optimize optimize-universe backtest backtest-universe batch --strategy-path --config --ticker "
    "--worker-count --resume --skip-compile --param --params-file --universe --parameter-sets "
    "fitness.name fitness.min_trades fitness.min_profit_factor population_size n_generations "
    "batch_size early_stopping_generations early_stopping_min_delta crossover_prob mutation_prob "
    "tournament_size worker_count n_samples n_calls top_n radius max_neighbors LEAN_IMAGE "
    "LEAN_DATA_HOST_PATH LEAN_WORKSPACE RESULTS_SCRATCH_PATH WORKER_COUNT ARTIFACTS_CONTAINER_PATH "
    "ga_early_stop_analysis"
)


class Reader:
    """Does what a page says, as its reader would, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instead = ""
        #: Whether the page is on LEAN, which is not here, and neither is data for it.
        self.of_lean = False
        self.started: list[subprocess.Popen[str]] = []
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "site")}

    def follow(self, page: str) -> None:
        """Write the files, run the commands and the queries, in their order."""
        for kind, file, append, text in FENCE.findall(page):
            if file:
                self.write(self.folder / file, text, append=bool(append))
            elif kind == "sql":
                answer = self.query(text)
            elif kind == "text":
                shown = re.sub(" +", " ", text)
                assert pattern(shown).fullmatch(answer), f"{answer}\nis not:\n{shown}"
            else:
                assert kind == "console", "every snippet is a file, a query or a command"
                for line, shown in STEP.findall(text):
                    self.type(line, shown)

    def without_lean(self, standin: Standin) -> None:
        """Have LEAN's stand-in on this machine instead of LEAN in containers, and little data."""
        data = Folder(self.folder / "data-of-lean").reference()
        days = (date(2003, 1, 1) + timedelta(n) for n in range(1826))
        data.days("equity/usa/daily/spy.zip", [day for day in days if day.weekday() < 5])
        path = os.pathsep.join((str(standin.programs), self.environment["PATH"]))
        self.environment |= {"PATH": path, "LEAN_DATA": str(data.path)}
        sets = (
            "executor={ use = 'process', workers = 2 }",
            f"strategy.launcher={standin.launcher}",
        )
        self.instead = "".join(f" --set {shlex.quote(one)}" for one in sets)

    def write(self, path: Path, text: str, *, append: bool) -> None:
        """Write a file that the page shows, or what it shows below what is there."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.read_text() + "\n" + text if append else text)

    def query(self, text: str) -> str:
        """Ask the store; return columns and rows, a line each."""
        store = f"file:{self.folder}/.leanopt/leanopt.db?mode=ro"
        with closing(sqlite3.connect(store, uri=True)) as database:
            cursor = database.execute(text)
            columns = [column for column, *_ in cursor.description]
            rows = [[_figure(value) for value in row] for row in cursor]
        assert rows, text
        return "".join(f"{' '.join(row)}\n" for row in (columns, *rows))

    def type(self, line: str, shown: str) -> None:
        """Run a command as typed: it prints what is shown, errors where it fails."""
        if line.startswith(ELSEWHERE) or (line.startswith(PERHAPS) and not shutil.which(PERHAPS)):
            return
        process = self.start(f"exec {line}" if shown == INTERRUPT else self.really(line))
        if line.endswith("&"):
            self.wait_for_the_run()
            return
        if shown == INTERRUPT:
            assert process.stderr.readline()
            os.killpg(process.pid, signal.SIGINT)
            shown = ""
        output, errors = process.communicate(timeout=120)
        said = errors if process.returncode else output
        assert pattern(shown).fullmatch(said), f"{line}\n{said}{errors}\nis not:\n{shown}"
        assert bool(process.returncode) == ("leanopt: " in shown), line

    def really(self, line: str) -> str:
        """Return what is run: nothing is installed for good, and no terminal is needed."""
        if line.startswith("pip install "):
            here = shlex.join((sys.executable, "-m", "pip", "install", "--target", "site"))
            options = "--quiet --no-index --no-deps --no-build-isolation"
            return f"{here} {options} {line.rsplit(maxsplit=1)[-1]}"
        if line.startswith(("leanopt plan ", "leanopt run ")):
            line += self.instead
        if line.startswith("leanopt check ") and self.of_lean:
            line += " --no-import --set strategy.check_data=false"
        held = TMUX.fullmatch(line)
        return f"{held[1]} >> run.log 2>&1" if held else line

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start a command line in a session of its own."""
        process = subprocess.Popen(
            ["sh", "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def wait_for_the_run(self) -> None:
        """Return when the run in the background has begun."""
        with subprocess.Popen(
            ["tail", "-n", "+1", "-F", "run.log"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as tail:
            assert any("begins" in line for line in tail.stdout)
            tail.kill()

    def end(self) -> None:
        """Kill what is still running."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def pattern(shown: str) -> re.Pattern[str]:
    """Return what an output must match: `...` is anything, alone on a line any number of lines."""
    lines = ("(?:.*\n)*?" if line == "...\n" else _line(line) for line in shown.splitlines(True))
    return re.compile("".join(lines))


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("...")))


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@pytest.fixture
def reader(quickstart: Path) -> Iterator[Reader]:
    """Someone who sits before a copy of the quickstart."""
    reader = Reader(quickstart)
    yield reader
    reader.end()


def test_the_page_on_lean_is_followed(reader: Reader, tmp_path: Path) -> None:
    """As the page says: without LEAN and containers, which others show."""
    reader.without_lean(install(tmp_path / "standin"))
    reader.follow((HOW_TO / "first-lean-pipeline.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_followed(name: str, reader: Reader) -> None:
    """Every file, query and command, with what is shown below it."""
    reader.of_lean = "lean" in name
    reader.follow((HOW_TO / f"{name}.md").read_text(encoding="utf-8"))


def test_the_page_on_lean_optimizer_has_all_of_its_readme() -> None:
    """Each row, on the left of a table: what does it here is on the right."""
    page = (HOW_TO / "moving-from-lean-optimizer.md").read_text()
    left = " ".join(line.split(" | ")[0] for line in page.splitlines() if line.startswith("| "))
    named = set(re.findall(r"[\w.-]+", left))
    named |= {part for name in named for part in name.split(".")}
    assert [name for name in LEAN_OPTIMIZERS.split() if name not in named] == []
