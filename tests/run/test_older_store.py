"""A store of an older schema is brought up to date: it shows the same, and its run resumes.

Each file of `older_store` was written by the leanopt whose last migration it is called after.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from leanopt_core.store.schema import MIGRATIONS

OLDER = Path(__file__).with_name("older_store")


#: The schemas since the first one, with what that leanopt's `show --json` said in files beside.
SCHEMAS = ("states", "outputs", "pruned", "sinks", "held")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A project whose run was interrupted by a leanopt of the first schema."""
    return interrupted(tmp_path / "project", "first")


def interrupted(folder: Path, schema: str) -> Path:
    """Return a new project whose run was interrupted by a leanopt of an older schema."""
    (folder / ".leanopt").mkdir(parents=True)
    for name in ("pipeline.toml", "strategy.py"):
        shutil.copy(OLDER / name, folder)
    connection = sqlite3.connect(folder / ".leanopt" / "leanopt.db")
    connection.executescript((OLDER / f"{schema}.sql").read_text())
    connection.close()
    return folder


def test_it_shows_the_same(older: Path, shown) -> None:
    """Of 21 trials that their methods were told of, two had failed."""
    report = shown(older)
    assert (report["run"], report["state"]) == ("before-1", "interrupted")
    counts = {"completed": 19, "failed": 2, "feasible": 17, "infeasible": 2, "withdrawn": 0}
    assert report["trials"] == {
        **counts,
        "without_fitness": 0,
        "failures": {"strategy error": 2},
    }
    assert [(one["completed"], one["failed"]) for one in report["stages"]] == [(14, 2), (5, 0)]
    assert report["execution"]["runtime"]["platform"] == "linux x86_64"
    assert report["execution"]["launch"]["placeholders"]["scratch"] == "."
    assert (report["best"][0]["trial"], report["best"][0]["state"]) == (17, "completed")


@pytest.mark.alike(2)
@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_schema_shows_and_resumes(
    tmp_path: Path, leanopt, shown, canonical, schema: str
) -> None:
    """What its own leanopt showed, and the run that was never interrupted."""
    folder = interrupted(tmp_path / "project", schema)
    report = shown(folder)
    assert {
        "run": report["run"],
        "trials": report["trials"],
        "stages": [[one["name"], one["completed"], one["failed"]] for one in report["stages"]],
        "best": [[one["trial"], one["parameters"], one["fitness"]] for one in report["best"]],
    } == json.loads((OLDER / f"{schema}.json").read_text())
    # It stored no options: the pipeline is the one of its name.
    assert leanopt(folder, "resume").stdout.startswith("run before-1: finished")
    assert canonical(folder) == (OLDER / "canonical.jsonl").read_text()
    store = sqlite3.connect(folder / ".leanopt" / "leanopt.db")
    with closing(store):
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_stores_are_those_of_the_first_schemas() -> None:
    """In the order of the migrations; the newest are written by every other test."""
    names = [name for name, _ in MIGRATIONS]
    assert names[: len(SCHEMAS) + 1] == ["first", *SCHEMAS]


def test_what_a_user_added_to_it_stays(older: Path, shown) -> None:
    """Views and indexes of the user's own are there afterwards, and show the new states."""
    path = older / ".leanopt" / "leanopt.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW mine AS SELECT state FROM trials")
        connection.execute("CREATE VIEW ranked AS SELECT * FROM trials_ranked")
        connection.execute("CREATE INDEX by_state ON trials(state)")
        connection.commit()
    shown(older)
    with closing(sqlite3.connect(path)) as connection:
        assert dict(connection.execute("SELECT state, count(*) FROM mine GROUP BY state")) == {
            "completed": 19,
            "failed": 2,
            "proposed": 4,
        }
        assert connection.execute("SELECT count(*) FROM ranked").fetchone() == (21,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute("UPDATE trials SET state = 'told'")


@pytest.mark.long
def test_its_run_resumes(older: Path, leanopt) -> None:
    """The whole run is the one that was never interrupted, but for the names of states."""
    resumed = leanopt(older, "run", "pipeline.toml", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    dump = leanopt(older, "export", "--canonical").stdout
    assert dump == (OLDER / "canonical.jsonl").read_text()
    states = dump.count('"state":"completed"'), dump.count('"state":"failed"')
    assert states == (68, 12)


@pytest.mark.long
def test_its_run_resumes_with_other_versions_of_plugins(older: Path, leanopt) -> None:
    """Its plan held their versions; they are warned of, and replay shows that nothing differs."""
    with closing(sqlite3.connect(older / ".leanopt" / "leanopt.db")) as connection:
        [(plan,)] = connection.execute("SELECT plan FROM runs").fetchall()
        plan = plan.replace('"version":"0.1.0"', '"version":"0.0.9"')
        plan_hash = sha256(plan.encode()).hexdigest()
        connection.execute("UPDATE runs SET plan = ?, plan_hash = ?", (plan, plan_hash))
        connection.execute("UPDATE stages SET version = '0.0.9'")
        connection.commit()
    resumed = leanopt(older, "run", "pipeline.toml", "--resume")
    for name in ("ga-deap", "random", "statistic"):
        assert f"plugins.leanopt-{name}: '0.0.9', now " in resumed.stderr
    dump = leanopt(older, "export", "--canonical").stdout
    assert dump == (OLDER / "canonical.jsonl").read_text()
