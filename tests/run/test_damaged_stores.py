"""Damaged stores: every command says so or is right, and what is readable is recovered."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from leanopt_core.errors import StoreError
from leanopt_core.project_files import STORE
from leanopt_core.report.run import document, report
from leanopt_core.store.recover import recover
from leanopt_core.store.store import Store, open_store
from tests.run.conftest import written

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
PAGE = 4096

TABLES = ("runs", "searches", "scenarios", "stages", "trials", "backtests", "evaluations", "events")

COLUMNS = {
    "searches": "id, run_id, number, name, seed, direction, ended",
    "backtests": "id, key, statistics, failure, message, closed_trades, attempts, seconds, worker",
}


@pytest.fixture(scope="session")
def project_of_two_runs(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> Path:
    """A project with two finished runs, and nothing in the log of its store."""
    folder = written(tmp_path_factory.mktemp("two") / "project")
    for seed in ("1", "2"):
        leanopt(folder, "run", "pipeline.toml", "--seed", seed)
    return folder


@pytest.fixture
def sound(project_of_two_runs: Path) -> Path:
    """The store of the project."""
    return project_of_two_runs / STORE


def rows(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Return the rows of every table, without what depends on other rows."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: set(connection.execute(f"SELECT {COLUMNS.get(name, '*')} FROM {name}"))  # noqa: S608
            for name in TABLES
        }


def shown(store: Store) -> str:
    """Return what `runs`, `show` and `export` read of every run."""
    runs = [store.runs.get(one.id) for one in store.runs.summaries()]
    pages = [document(report(store, run)) for run in runs]
    return json.dumps([pages, [list(store.reader.export(run)) for run in runs]])


def damaged(sound: Path, tmp_path: Path, change: Callable[[bytearray], None]) -> Path:
    """Return a copy of the store with changed bytes."""
    path = tmp_path / STORE
    path.parent.mkdir(exist_ok=True)
    data = bytearray(sound.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def overwrite(seed: int) -> Callable[[bytearray], None]:
    """Overwrite up to 3,000 bytes at a random place: with one byte, or with random ones."""
    random = Random(seed)

    def change(data: bytearray) -> None:
        length = random.choice([1, 16, 300, 3000])
        at = random.randrange(len(data) - length)
        data[at : at + length] = random.choice([random.randbytes(length), b"\xa5" * length])

    return change


def truncate(seed: int) -> Callable[[bytearray], None]:
    """Cut the file at a random place."""

    def change(data: bytearray) -> None:
        del data[Random(seed).randrange(1, len(data)) :]

    return change


@pytest.mark.long
@pytest.mark.parametrize(("change", "seed"), [
    *((overwrite, seed) for seed in range(25)),
    *((truncate, seed) for seed in range(25)),
])  # fmt: skip
def test_damage_at_random_places(sound: Path, tmp_path: Path, change, seed: int) -> None:
    """An error that says how to recover, or what an undamaged store says but for some bytes."""
    path = damaged(sound, tmp_path, change(seed))
    before = path.read_bytes()
    noticed, said = look(path)
    assert noticed or change is not truncate
    assert not said or f"leanopt store recover -C {tmp_path}" in said
    output = tmp_path / "new.db"
    try:
        done = recover(path, output)
    except StoreError:
        # The file ends before the first page with a backtest does.
        first = sound.read_bytes().find(b'"Net Profit":') // PAGE
        assert len(before) < (first + 1) * PAGE
        return
    assert path.read_bytes() == before
    check(sound, output, done.tables)
    assert noticed or done.complete


def look(path: Path) -> tuple[bool, str]:
    """Return whether a full look finds damage, and the error of the commands that show runs."""
    noticed = False
    try:
        with open_store(path, read_only=True) as store:
            noticed = bool(store.damage())
            shown(store)
    except StoreError as error:
        return True, str(error)
    return noticed, ""


def check(sound: Path, output: Path, tables) -> None:
    """Assert that a recovered store is sound, and has only rows that were there."""
    with open_store(output) as store:
        assert store.damage() == []
        shown(store)
    kept, all_rows = rows(output), rows(sound)
    for name in TABLES:
        lost = len(all_rows[name]) - len(kept[name])
        assert lost == 0 or tables[name].lost or tables[name].pages, name
        # Bytes within a value may have changed: no more rows than that are others.
        assert len(kept[name] - all_rows[name]) <= 60, name
        assert tables[name].rows == len(kept[name])


def test_a_sound_store_is_recovered_whole(sound: Path, tmp_path: Path) -> None:
    """Also what is only in its log; nothing is reported as lost."""
    path = damaged(sound, tmp_path, lambda _: None)
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("UPDATE runs SET state = 'failed' WHERE id = 1")
    output = tmp_path / "new" / STORE
    output.parent.mkdir(parents=True)
    done = recover(path, output)
    assert done.complete
    assert rows(output) == rows(path)
    store.close()
    with open_store(output) as recovered, open_store(path) as first:
        assert shown(recovered).replace(str(tmp_path / "new"), str(tmp_path)) == shown(first)
        assert recovered.runs.get(1).state == "failed"


@pytest.mark.parametrize("first", [0, 16, 99])
def test_a_damaged_header_costs_nothing(sound: Path, tmp_path: Path, first: int) -> None:
    """It is that of a new store."""

    def change(data: bytearray) -> None:
        data[first:100] = b"\0" * (100 - first)

    done = recover(damaged(sound, tmp_path, change), tmp_path / "new.db")
    assert done.complete
    assert rows(tmp_path / "new.db") == rows(sound)


@pytest.mark.parametrize(("text", "by"), [
    (b"CREATE TABLE leases (", b"CREATE TABLE l\xdbases ("),
    (b"leanoptfirst", b"leanoptf\xdbrst"),
    (b"leanoptheld", b"leanopthxld"),
])  # fmt: skip
def test_damaged_texts_of_the_schema_cost_nothing(sound: Path, tmp_path: Path, text, by) -> None:
    """Of a table, an applied migration or its name, also if they are no UTF-8 any more."""

    def change(data: bytearray) -> None:
        at = data.index(text)
        data[at : at + len(by)] = by

    path = damaged(sound, tmp_path, change)
    if text.startswith(b"CREATE"):
        # SQLite reads the other texts from an index, which is sound.
        with pytest.raises(StoreError, match="the store is damaged"):
            open_store(path)
    recover(path, tmp_path / "new.db")
    assert rows(tmp_path / "new.db") == rows(sound)


def test_a_damaged_schema_costs_the_evaluations_at_most(sound: Path, tmp_path: Path) -> None:
    """Rows are told by their shape where no page says which table they are of."""

    def change(data: bytearray) -> None:
        data[100:4096] = b"\0" * 3996

    done = recover(damaged(sound, tmp_path, change), tmp_path / "new.db")
    kept, before = rows(tmp_path / "new.db"), rows(sound)
    assert not done.complete
    for name in ("runs", "searches", "scenarios", "stages", "backtests", "events"):
        assert kept[name] == before[name], name
    assert len(kept["trials"]) > 0.9 * len(before["trials"])
    with open_store(tmp_path / "new.db") as store:
        assert shown(store)


def test_a_row_goes_with_what_it_refers_to(sound: Path, tmp_path: Path) -> None:
    """Trials without a search go; backtests stay, and answer later runs; counts are made again."""
    path = damaged(sound, tmp_path, lambda _: None)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM searches WHERE run_id = 1")
        connection.execute("DELETE FROM counters")
        connection.execute("UPDATE searches SET told = 1, best = 1")
        connection.commit()
        ran = "SELECT run_id, scenario_id, count(*), max(id) FROM backtests GROUP BY 1, 2"
        (first, second) = connection.execute(ran).fetchall()
    recover(path, tmp_path / "new.db")
    with open_store(tmp_path / "new.db") as store, open_store(sound) as before:
        assert store.runs.get(1).searches == ()
        assert store.runs.get(2) == before.runs.get(2)
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        ((following,),) = connection.execute("SELECT next FROM counters WHERE name = 'backtests'")
        assert following > second[3]
        assert connection.execute(ran).fetchall() == [(1, None, *first[2:]), second]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_is_overwritten(sound: Path, tmp_path: Path) -> None:
    """A new file that exists is refused."""
    shutil.copy(sound, tmp_path / "new.db")
    with pytest.raises(StoreError, match="already exists; choose another with --output"):
        recover(sound, tmp_path / "new.db")


RUNS = {
    "whole": "SELECT 1",
    "the last trials": "DELETE FROM trials WHERE number > 30",
    "evaluations": "DELETE FROM evaluations WHERE number IN (5, 6, 21)",
    "backtests": "DELETE FROM backtests WHERE id % 7 = 0",
}


#: A run that was killed after 40 trials, as its store has it.
INTERRUPTED = """
PRAGMA foreign_keys = OFF;
UPDATE runs SET state = 'running', finished_at = NULL;
UPDATE searches SET ended = NULL;
UPDATE stages SET ended = NULL WHERE position = 1;
DELETE FROM evaluations WHERE number > 40;
DELETE FROM trials WHERE number > 40;
DELETE FROM backtests WHERE id NOT IN (SELECT backtest_id FROM evaluations)"""


def interrupted(project: Path, leanopt: Leanopt, lost: str) -> None:
    """Let a run be one that was killed after 40 trials, lose rows, and recover the store."""
    leanopt(project, "run", "pipeline.toml")
    with closing(sqlite3.connect(project / STORE)) as connection:
        connection.executescript(INTERRUPTED)
        connection.executescript(lost)
    said = leanopt(project, "store", "recover").stdout
    subprocess.run(said.splitlines()[-1], shell=True, check=True, cwd=project)  # noqa: S602


@pytest.mark.long
@pytest.mark.parametrize("lost", RUNS)
def test_a_run_of_a_recovered_store_resumes(
    project: Path, leanopt: Leanopt, canonical, truth: str, lost: str
) -> None:
    """What its trials lack is run again, and the dump is that of an undisturbed run."""
    interrupted(project, leanopt, RUNS[lost])
    leanopt(project, "resume")
    assert canonical(project) == truth


@pytest.mark.long
def test_a_run_with_a_gap_does_not(project: Path, leanopt: Leanopt, canonical, truth: str) -> None:
    """It says what is lost; a new run takes the backtests that are left."""
    lost = "DELETE FROM {} WHERE number IN (7, 20)"
    interrupted(project, leanopt, f"{lost.format('evaluations')}; {lost.format('trials')}")
    for command in (("resume",), ("run", "pipeline.toml")):
        refused = leanopt(project, *command, check=False)
        assert refused.returncode == 8
        assert "cannot continue: its store has lost trial 7 of search 1" in refused.stderr
    leanopt(project, "run", "pipeline.toml", "--again")
    assert canonical(project) == truth


@pytest.mark.long
def test_every_command_names_damage(project: Path, leanopt: Leanopt) -> None:
    """With exit code 7 and the command that recovers; the damaged file is kept."""
    leanopt(project, "run", "pipeline.toml")
    store = project / STORE
    data = bytearray(store.read_bytes())
    with closing(sqlite3.connect(store)) as connection:
        found = "SELECT rootpage FROM sqlite_master WHERE name = 'trials'"
        ((page,),) = connection.execute(found)
    data[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    store.write_bytes(data)
    recover_it = f"leanopt store recover -C {project}"
    for command in (("run", "pipeline.toml"), ("runs",), ("show",), ("export",)):
        refused = leanopt(project, *command, check=False)
        assert refused.returncode == 7, command
        assert f"the store is damaged; recover what is readable into a new file: {recover_it}" in (
            refused.stderr
        )
    checked = leanopt(project, "doctor", "--json", check=False)
    assert checked.returncode == 7
    (line,) = [one for one in json.loads(checked.stdout) if one["name"] == "store"]
    assert line["status"] == "wrong"
    assert recover_it in (line["fix"] or line["what"])
    said = json.loads(leanopt(project, "store", "recover", "--json").stdout)
    assert (project / said["file"]).samefile(store.with_name("leanopt.recovered.db"))
    assert store.read_bytes() == data
    again = leanopt(project, "store", "recover", check=False)
    assert again.returncode == 7
    assert "already exists; choose another with --output" in again.stderr
