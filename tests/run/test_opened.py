"""What a strategy opens beside its data: stored results answer only while it is the same."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.stored import told

STRATEGY = """
import os
from functools import cache
from pathlib import Path

from leanopt_harness import Result, backtest

HERE = Path(__file__).parent


@cache
def side():
    return float((HERE / "side.txt").read_text())


@backtest
def run(parameters, scenario):
    profit = parameters["x"] * side()
    MORE
    return Result({"Net Profit": profit, "Total Orders": 3})
"""
PIPELINE = """
name = "small"

[strategy]
entry = "strategy.py:run"

[parameters]
x = { min = 1, max = 6 }

[fitness]
use = "statistic"
statistic = "Net Profit"

[executor]
workers = 2

[[stage]]
use = "grid"
"""

Again = Callable[..., tuple[int, float]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project whose strategy reads a file beside it, once a process."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "strategy.py").write_text(STRATEGY.replace("MORE", "pass"))
    (folder / "pipeline.toml").write_text(PIPELINE)
    (folder / "side.txt").write_text("2\n")
    return folder


@pytest.fixture
def again(small: Path, leanopt, shown) -> Again:
    """Run once more; return the cache hits and the best fitness."""

    def run(**environment: str) -> tuple[int, float]:
        once_more = ("run", "pipeline.toml", "--again", "--set", "stage.0.trials=6")
        leanopt(small, *once_more, **environment)
        found = shown(small)
        return found["backtests"]["from_cache"], found["best"][0]["fitness"]

    return run


def more(folder: Path, *lines: str) -> None:
    """Have each backtest do more."""
    text = STRATEGY.replace("MORE", "\n    ".join(lines))
    (folder / "strategy.py").write_text(text)


@pytest.mark.long
def test_a_changed_file_is_no_answer_and_its_return_is(small: Path, again: Again) -> None:
    """Also of backtests that got its content from memory; each of two contents has its results."""
    assert again() == (0, 12.0)
    assert again() == (6, 12.0)
    (small / "side.txt").write_text("5\n")
    assert again() == (0, 30.0)
    assert again() == (6, 30.0)
    (small / "side.txt").write_text("2\n")
    assert again() == (6, 12.0)
    (small / "side.txt").touch()
    assert again() == (6, 12.0)


def test_a_set_is_stored_once(small: Path, again: Again) -> None:
    """However many backtests refer to it, by any worker; by its place in the project."""
    again()
    with closing(sqlite3.connect(small / ".leanopt" / "leanopt.db")) as store:
        ((files,),) = store.execute("SELECT files FROM opened").fetchall()
        assert list(json.loads(files)) == ["{build}/side.txt"]
        assert store.execute(
            "SELECT count(DISTINCT opened), count(opened) FROM backtests"
        ).fetchone() == (1, 6)


@pytest.mark.long
def test_a_set_goes_with_the_last_backtest_that_refers_to_it(
    small: Path, again: Again, leanopt
) -> None:
    """By delete and by cache --prune; a set that a kept run's backtests refer to stays."""
    sets = "SELECT count(*) FROM opened"

    def count() -> int:
        with closing(sqlite3.connect(small / ".leanopt" / "leanopt.db")) as store:
            return int(store.execute(sets).fetchone()[0])

    again()
    (small / "side.txt").write_text("5\n")
    again()
    assert count() == 2
    leanopt(small, "delete", "small-1", "--yes")
    assert count() == 1
    assert again() == (6, 30.0)
    with closing(sqlite3.connect(small / ".leanopt" / "leanopt.db")) as store:
        store.execute("INSERT INTO opened (hash, files) VALUES (x'00', '{}')")
        store.commit()
    leanopt(small, "cache", "--prune", "--yes")
    assert count() == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "change"),
    [
        ('profit += (HERE / "extra.txt").exists() and open(HERE / "extra.txt").fileno() > 0', None),
        (
            "try: profit += float(open(HERE / 'extra.txt').read())\n    except OSError: pass",
            "extra.txt",
        ),
        ("profit += 100 * len(list((HERE / 'plugs').glob('*.txt')))", "plugs/one.txt"),
        ("profit += 100 * len(os.listdir(HERE / 'plugs'))", "plugs/one.txt"),
        (
            "try: import gadget; profit += gadget.MORE\n    except ImportError: pass",
            "../lib/gadget.py",
        ),
    ],
    ids=["stat is not seen", "missing", "glob", "listdir", "import"],
)
def test_what_appears_is_no_answer(
    small: Path, again: Again, line: str, change: str | None
) -> None:
    """A file that was missing, one more name in a folder, a module that could not be imported."""
    (small / "plugs").mkdir()
    (small.parent / "lib").mkdir()
    lib = str(small.parent / "lib")
    more(small, *line.split("\n    "))
    assert again(PYTHONPATH=lib) == (0, 12.0)
    assert again(PYTHONPATH=lib) == (6, 12.0)
    (small / (change or "extra.txt")).write_text("MORE = 100" if "gadget" in line else "100")
    hits, best = again(PYTHONPATH=lib)
    # A look at a file's state raises no event: the page on strategies says so.
    assert (hits, best) == ((0, 112.0) if change else (6, 12.0))


@pytest.mark.long
def test_a_library_that_is_imported_late_counts(small: Path, again: Again) -> None:
    """One on PYTHONPATH, by an import that no statement names; compiled or not."""
    lib = small.parent / "lib"
    lib.mkdir()
    (lib / "gadget.py").write_text("MORE = 1\n")
    more(small, "import importlib", "profit += importlib.import_module('gad' + 'get').MORE")
    assert again(PYTHONPATH=str(lib)) == (0, 13.0)
    assert again(PYTHONPATH=str(lib)) == (6, 13.0)
    (lib / "gadget.py").write_text("MORE = 10\n")
    assert again(PYTHONPATH=str(lib)) == (0, 22.0)


@pytest.mark.long
def test_what_the_strategy_makes_itself_does_not_count(small: Path, again: Again) -> None:
    """Files in the scratch folder, temporary ones, and one that it puts in place by a rename."""
    more(
        small,
        "import tempfile, shutil",
        "open('mine.txt', 'w').write('1'); open('mine.txt').read()",
        "made = tempfile.mkdtemp()",
        "Path(made, 'a').write_text('1'); Path(made, 'b').write_text(Path(made, 'a').read_text())",
        "os.replace(Path(made, 'b'), Path(made, 'c')); Path(made, 'c').read_text()",
        "os.listdir(made); shutil.rmtree(made)",
        "with tempfile.TemporaryFile() as file: file.write(b'1')",
    )
    assert again() == (0, 12.0)
    assert again() == (6, 12.0)


@pytest.mark.long
def test_a_failure_for_a_missing_file_is_no_answer_once_it_is_there(
    small: Path, leanopt, again: Again
) -> None:
    """Strategy errors are stored too, with what was opened before them."""
    (small / "side.txt").unlink()
    leanopt(small, "run", "pipeline.toml", check=False)
    (small / "side.txt").write_text("2\n")
    assert again() == (0, 12.0)


@pytest.mark.long
def test_a_file_that_changes_during_the_run_is_no_answer(small: Path, again: Again) -> None:
    """Nobody knows which content counted: the run goes on, and its results answer no other."""
    more(small, "os.utime(HERE / 'side.txt', ns=(1, int(profit)))")
    assert again() == (0, 12.0)
    more(small, "pass")
    hits, best = again()
    assert (hits, best) == (0, 12.0)


@pytest.mark.long
@pytest.mark.parametrize("change", [3, 4], ids=["on a worker", "after cache hits"])
def test_a_file_that_changes_during_the_run_is_named(
    small: Path, leanopt, shown, change: int
) -> None:
    """At once and by `show`, also if all results of the older content come from the cache."""
    more(
        small,
        f"if parameters['x'] == {change}: os.system(f'echo 5 > {{HERE}}/side.txt')",
        "profit = parameters['x'] * float((HERE / 'side.txt').read_text())",
    )
    run = ("run", "pipeline.toml", "--workers", "1", "--set")
    before = leanopt(small, *run, f"stage.0.trials={2 * change - 5}")
    side = str(small / "side.txt")
    assert side not in before.stderr
    said = leanopt(small, *run, "stage.0.trials=6").stderr
    assert said.count(f"{side}, which the strategy opens, has changed during the run") == 1
    assert shown(small)["best"][0]["fitness"] == 30.0
    assert "have changed during the run: side.txt;" in shown(small)["warnings"][0]


@pytest.mark.long
def test_a_resumed_run_names_what_has_changed(small: Path, leanopt, start) -> None:
    """Its own trials are replayed, as everything that was told."""
    more(small, "import time; time.sleep(parameters['x'] > 3)")
    process = start(small, "run", "pipeline.toml", "--workers", "1")
    database = small / ".leanopt" / "leanopt.db"
    while not (database.exists() and told(small) >= 2):
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    process.communicate()
    (small / "side.txt").write_text("5\n")
    said = leanopt(small, "run", "pipeline.toml", "--resume").stderr
    assert "are others now: {build}/side.txt;" in said
    (small / "side.txt").write_text("2\n")


@pytest.mark.long
def test_a_finished_run_that_is_shown_names_what_has_changed(small: Path, leanopt) -> None:
    """The plan is the same, but the run would not be."""
    leanopt(small, "run", "pipeline.toml")
    (small / "side.txt").write_text("5\n")
    said = leanopt(small, "run", "pipeline.toml").stderr
    assert "are others now: {build}/side.txt; --again runs it with the new ones" in said


@pytest.mark.long
def test_programs_and_connections_are_named_once(small: Path, leanopt) -> None:
    """What comes from there is in no file."""
    more(
        small,
        "import socket, subprocess",
        "subprocess.run(['true'], check=True)",
        "try: socket.create_connection(('127.0.0.1', 9), 0.1)",
        "except OSError: pass",
    )
    said = leanopt(small, "run", "pipeline.toml").stderr
    assert said.count("the strategy starts a program (true): ") == 1
    assert said.count("the strategy connects to ('127.0.0.1', 9): ") == 1
