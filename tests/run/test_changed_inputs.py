"""Data that changes while a run goes on: the run stops, and nothing of it answers or stays told."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from tests.projects import lay

#: The strategy itself replaces its data in its tenth backtest; the new data looks much better.
STRATEGY = '''
from pathlib import Path

from leanopt_harness import Result, backtest

HERE = Path(__file__).parent
count = 0


@backtest
def run(parameters, scenario):
    """A line, as high as the data says."""
    global count
    count += 1
    data = Path(scenario.data) / "prices.csv"
    if count == 10 and not (HERE / "replaced").exists():
        wait()
        (HERE / "replaced").touch()
        data.write_text("1000")
    return Result({"Net Profit": float(data.read_text()) - parameters["x"] / 100})


def wait():
    """Do nothing."""
'''

PIPELINE = """
name = "line"
seed = 3

[strategy]
entry = "strategy.py:run"
data = "data"

[parameters]
x = { min = 1, max = 1000, step = 1 }

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[search]
lookahead = 3

[executor]
workers = 1

[[stage]]
use = "random"
trials = 30

[[stage]]
use = "local_grid"
trials = 10
"""

HELD = "SELECT coalesce(held, ''), count(*) FROM backtests GROUP BY held"


def written(folder: Path, strategy: str = STRATEGY) -> Path:
    """Write the project into a new folder."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "prices.csv").write_text("10")
    lay(folder, strategy, PIPELINE)
    return folder


def look(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on the project's store."""
    with closing(sqlite3.connect(folder / ".leanopt" / "leanopt.db")) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """A project whose data is replaced in mid-run."""
    return written(tmp_path / "project")


@pytest.fixture
def undisturbed(tmp_path: Path, leanopt, canonical) -> str:
    """The canonical dump of a run whose data stays."""
    folder = written(tmp_path / "undisturbed")
    (folder / "replaced").touch()
    leanopt(folder, "run", "pipeline.toml")
    return canonical(folder)


@pytest.mark.long
def test_the_run_stops_and_resumes_once_the_file_is_back(
    changing: Path, leanopt, canonical, shown, undisturbed: str
) -> None:
    """The message names the file; the resumed run is the undisturbed one, to the byte."""
    prices = changing / "data" / "prices.csv"
    stopped = leanopt(changing, "run", "pipeline.toml", check=False)
    assert stopped.returncode == 5
    assert f"{prices} has changed: size 2 to 4 bytes, hash " in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert shown(changing)["state"] == "interrupted"
    assert shown(changing)["best"] == []
    assert look(changing, HELD) == [("changed", 40)]
    refused = leanopt(changing, "run", "pipeline.toml", "--resume", check=False)
    assert refused.returncode == 8
    prices.write_text("10")
    leanopt(changing, "run", "pipeline.toml", "--resume")
    assert canonical(changing) == undisturbed
    assert look(changing, HELD) == [("", 40), ("changed", 40)]


@pytest.mark.long
def test_the_next_run_is_not_answered_from_changed_data(changing: Path, leanopt, shown) -> None:
    """Though the file is back, and the content keys are those of the run before."""
    leanopt(changing, "run", "pipeline.toml", check=False)
    (changing / "data" / "prices.csv").write_text("10")
    leanopt(changing, "run", "pipeline.toml", "--again")
    assert shown(changing)["backtests"]["from_cache"] == 0
    assert shown(changing)["best"][0]["fitness"] < 10
    leanopt(changing, "run", "pipeline.toml", "--again")
    assert shown(changing)["backtests"]["run"] == 0


@pytest.mark.long
def test_what_a_check_had_confirmed_stays(
    changing: Path, leanopt, canonical, undisturbed: str
) -> None:
    """The strategy waits for a check before it replaces the data; what came later is taken back."""
    text = STRATEGY.replace(
        '    """Do nothing."""',
        dedent(
            '''
            """Wait until a check has confirmed some backtests."""
            import sqlite3

            with sqlite3.connect(HERE / ".leanopt" / "leanopt.db") as store:
                asked = "SELECT count(*) FROM backtests WHERE held IS NULL"
                while store.execute(asked).fetchone()[0] < 5:
                    pass
            '''
        ).replace("\n", "\n    "),
    )
    (changing / "strategy.py").write_text(text)
    eager = dedent(
        """
        from functools import partial
        from pathlib import Path

        from leanopt_core.errors import InputsChangedError
        from leanopt_core.pipeline import load_pipeline
        from leanopt_core.plugins import discover
        from leanopt_core.python import _Quiet
        from leanopt_core.search.input_watch import InputWatch
        from leanopt_core.search.run import run_pipeline

        registry = discover()
        pipeline = load_pipeline(Path("pipeline.toml"), registry)
        watch = partial(InputWatch, every=0.0, share=1.0)
        try:
            run_pipeline(pipeline, registry, _Quiet(), input_watch=watch)
        except InputsChangedError as error:
            print(error)
        """
    )
    stopped = subprocess.run(
        [sys.executable, "-c", eager], cwd=changing, capture_output=True, text=True, check=True
    )
    assert "prices.csv has changed" in stopped.stdout, stopped.stderr
    held = dict(look(changing, HELD))
    assert held[""] >= 5
    # None is disowned if the check came before the result of the backtest that replaced the data.
    assert set(held) <= {"", "changed"}
    [(told, before)] = look(changing, "SELECT told, (SELECT count(*) FROM trials) FROM searches")
    assert told >= 1
    assert before < 40
    (changing / "data" / "prices.csv").write_text("10")
    leanopt(changing, "run", "pipeline.toml", "--resume")
    assert canonical(changing) == undisturbed


def test_a_new_and_a_missing_file_are_changes(changing: Path, leanopt) -> None:
    """Each is named."""
    strategy = changing / "strategy.py"
    strategy.write_text(
        STRATEGY.replace(
            'data.write_text("1000")',
            '(data.parent / "new").touch(); (data.parent / "old").unlink()',
        )
    )
    (changing / "data" / "old").touch()
    stopped = leanopt(changing, "run", "pipeline.toml", check=False)
    assert stopped.returncode == 5
    assert f"{changing / 'data' / 'new'} is new" in stopped.stderr
    assert f"{changing / 'data' / 'old'} is gone" in stopped.stderr


def test_a_file_that_is_written_again_with_the_same_bytes_is_no_change(
    changing: Path, leanopt
) -> None:
    """Its times differ, its hash does not."""
    strategy = changing / "strategy.py"
    strategy.write_text(STRATEGY.replace('write_text("1000")', 'write_text("10")'))
    leanopt(changing, "run", "pipeline.toml")
    assert look(changing, HELD) == [("", 40)]


def test_a_killed_run_answers_others_that_find_the_same_data(
    changing: Path, leanopt, shown
) -> None:
    """Its last backtests are unchecked; the next run has hashed the data since they were made."""
    (changing / "replaced").touch()
    leanopt(changing, "run", "pipeline.toml")
    with closing(sqlite3.connect(changing / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE backtests SET held = 'unchecked', finished_at = finished_at - 1")
        connection.execute("UPDATE runs SET state = 'running'")
        connection.commit()
    leanopt(changing, "run", "pipeline.toml", "--again")
    assert shown(changing)["backtests"]["run"] == 0


@pytest.mark.long
def test_a_resumed_run_gives_up_what_another_has_disowned(
    changing: Path, leanopt, canonical, undisturbed: str
) -> None:
    """It had used backtests of a run which found a change after it was gone itself."""
    (changing / "replaced").touch()
    leanopt(changing, "run", "pipeline.toml")
    leanopt(changing, "run", "pipeline.toml", "--again")
    assert look(changing, HELD) == [("", 40)]
    with closing(sqlite3.connect(changing / ".leanopt" / "leanopt.db")) as connection:
        connection.execute("UPDATE backtests SET held = 'changed' WHERE id % 40 > 9")
        connection.execute("UPDATE runs SET state = 'running' WHERE name = 'line-2'")
        connection.commit()
    [(kept,)] = look(changing, "SELECT count(*) FROM backtests WHERE held IS NULL")
    resumed = leanopt(changing, "run", "pipeline.toml")
    assert "another run has found that data or sources had changed" in resumed.stderr
    assert canonical(changing) == undisturbed
    assert look(changing, HELD) == [("", 40), ("changed", 40 - kept)]


@pytest.mark.long
def test_verify_data_reads_what_looks_unchanged(changing: Path, leanopt, shown) -> None:
    """A hash that was remembered wrongly is found, named and forgotten."""
    (changing / "replaced").touch()
    prices = changing / "data" / "prices.csv"
    leanopt(changing, "run", "pipeline.toml")
    first = shown(changing)["plan_hash"]
    stat = prices.stat()
    row = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, "00" * 32)
    with closing(sqlite3.connect(changing / ".leanopt" / "leanopt.db")) as connection:
        connection.execute(
            "INSERT OR REPLACE INTO file_hashes VALUES (?, ?, ?, ?, ?, ?)",
            (str(prices.resolve()), *row),
        )
        connection.commit()
    # A file this young is hashed again at the end, and that run stops.
    leanopt(changing, "run", "pipeline.toml", check=False)
    assert shown(changing)["plan_hash"] != first
    verified = leanopt(changing, "run", "pipeline.toml", "--again", "--verify-data")
    assert f"{prices} has changed, though" in verified.stderr
    assert shown(changing)["plan_hash"] == first


#: It saves another strategy in place of its own, in its third backtest.
SAVED = """
from pathlib import Path

from leanopt_harness import Result, backtest

HERE = Path(__file__).parent
count = 0


@backtest
def run(parameters, scenario):
    global count
    count += 1
    if count == 3 and not (HERE / "replaced").exists():
        for name in ("strategy.py", "helper.py"):
            (HERE / name).write_text("raise RuntimeError('saved in mid-run')")
    import helper

    height = helper.HEIGHT + 0 * parameters["x"]
    return Result({"Net Profit": float((HERE / "side.txt").read_text()) + height})
"""


@pytest.mark.long
def test_saving_a_source_in_mid_run_harms_nothing(
    tmp_path: Path, leanopt, canonical, shown
) -> None:
    """Workers that start later run what was prepared, and find the files beside it."""
    dumps = []
    for name in ("saved", "undisturbed"):
        folder = written(tmp_path / name, SAVED)
        (folder / "helper.py").write_text("HEIGHT = 2")
        (folder / "side.txt").write_text("1")
        if name == "undisturbed":
            (folder / "replaced").touch()
        leanopt(folder, "run", "pipeline.toml", "--set", "executor.recycle_after=4")
        assert shown(folder)["trials"]["failures"] == {}
        assert shown(folder)["best"][0]["fitness"] == 3
        dumps.append(canonical(folder))
    assert dumps[0] == dumps[1]
    assert "mid-run" in (tmp_path / "saved" / "strategy.py").read_text()
