"""What decides a backtest is in its key: data behind links, modules from elsewhere."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leanopt_core.canonical import digest
from leanopt_core.content import content_key, hash_data


def test_data_in_linked_folders_counts(tmp_path: Path) -> None:
    """LEAN's data folder is often linked in; a change behind the link is another identity."""
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    (elsewhere / "daily").mkdir(parents=True)
    data.mkdir()
    (elsewhere / "daily" / "spy.csv").write_text("1\n")
    (data / "equity").symlink_to(elsewhere)
    before = hash_data(data)
    (elsewhere / "daily" / "spy.csv").write_text("2\n")
    assert hash_data(data) != before
    (elsewhere / "daily" / "spy.csv").write_text("1\n")
    assert hash_data(data) == before
    # The same files in place of the link are the same data.
    (data / "equity").unlink()
    (data / "equity" / "daily").mkdir(parents=True)
    (data / "equity" / "daily" / "spy.csv").write_text("1\n")
    assert hash_data(data) == before


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    """It is passed by; two links to one folder both count."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("1")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    before = hash_data(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert hash_data(tmp_path) != before


@pytest.mark.long
def test_a_module_from_elsewhere_counts(project: Path, tmp_path: Path, leanopt, shown) -> None:
    """One on PYTHONPATH, as an editable install is: a change is no answer from the store."""
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "factor.py").write_text("FACTOR = 1\n")
    strategy = project / "strategy.py"
    text = strategy.read_text()
    strategy.write_text(
        "from factor import FACTOR\n" + text.replace("profit = 1 ", "profit = FACTOR ")
    )
    few = ("--set", "stage.1.trials=2")
    leanopt(project, "run", "pipeline.toml", *few, PYTHONPATH=str(lib))
    first = shown(project)["best"][0]["fitness"]
    (lib / "factor.py").write_text("FACTOR = 1000\n")
    leanopt(project, "run", "pipeline.toml", "--again", *few, PYTHONPATH=str(lib))
    assert shown(project)["backtests"]["from_cache"] == 0
    assert shown(project)["best"][0]["fitness"] > first + 900


@pytest.mark.long
def test_a_comment_counts_or_not(project: Path, leanopt, shown) -> None:
    """By default it does; with `identity = "code"` only code does, in plan and keys."""
    strategy = project / "strategy.py"
    source = strategy.read_text()

    def from_cache(*options: str) -> int:
        """Run again with fewer trials, so that the plan is another one."""
        leanopt(project, "run", "pipeline.toml", *options)
        found: int = shown(project)["backtests"]["from_cache"]
        return found

    code = ("--set", 'strategy.identity="code"')
    for options, hits in ((code, 24), ((), 0)):
        strategy.write_text(source)
        from_cache(*options, "--set", "stage.1.trials=2")
        strategy.write_text("# A comment.\n" + source.replace("A hill with holes", "A hill"))
        assert from_cache(*options, "--set", "stage.1.trials=1") >= hits
        assert bool(shown(project)["backtests"]["from_cache"]) is bool(hits)
    strategy.write_text(source.replace("0.05 * (", "0.06 * ("))
    assert from_cache(*code) == 0


def test_two_sinks_of_one_kind_are_two(project: Path, leanopt) -> None:
    """Each writes its own file."""
    with (project / "pipeline.toml").open("a") as file:
        for name in "ab":
            file.write(f'\n[[sink]]\nuse = "jsonl"\npath = "{name}.jsonl"\n')
    leanopt(project, "run", "pipeline.toml", "--set", "stage.1.trials=2")
    first = (project / "a.jsonl").read_text()
    assert first == (project / "b.jsonl").read_text()
    assert [json.loads(line)["number"] for line in first.splitlines()] == list(range(1, 27))


#: An engine that takes no notice of the strategy in its builds' identity.
FORGETFUL = """
from attrs import evolve

from leanopt_core.api import hookimpl
from leanopt_core.engines.python import PythonEngine
from leanopt_core.options import PythonStrategy
from leanopt_core.specs import EngineSpec


class Forgetful(PythonEngine):
    def prepare(self, run_command, runtime, context):
        return evolve(super().prepare(run_command, runtime, context), identity="always the same")


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_engines():
    return [EngineSpec("forgetful", "forgetful:Forgetful", PythonStrategy, "It forgets")]
"""


@pytest.mark.long
def test_an_engine_that_forgets_its_sources(project: Path, tmp_path: Path, leanopt, shown) -> None:
    """The core has the hash of the sources too: an edited strategy gets no older one's answers."""
    info = tmp_path / "site" / "forgetful-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forgetful\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[leanopt]\nforgetful = forgetful\n")
    (tmp_path / "site" / "forgetful.py").write_text(FORGETFUL)
    few = ("--set", "strategy.engine=forgetful", "--set", "stage.1.trials=2")
    leanopt(project, "run", "pipeline.toml", *few, PYTHONPATH=str(info.parent))
    strategy = project / "strategy.py"
    strategy.write_text(strategy.read_text().replace("profit = 1 ", "profit = 1000 "))
    leanopt(project, "run", "pipeline.toml", *few, PYTHONPATH=str(info.parent))
    assert shown(project)["backtests"]["from_cache"] == 0
    assert shown(project)["best"][0]["fitness"] > 900


@pytest.mark.long
def test_backtests_under_an_older_key_answer_no_other_run(project: Path, leanopt, shown) -> None:
    """Version 1 left the hash of the sources to engines; such rows are still shown."""
    few = ("--set", "stage.1.trials=2")
    leanopt(project, "run", "pipeline.toml", *few)
    before = shown(project)
    identity = before["execution"]["build"]["identity"]
    shared = digest(
        {"version": 1, "build": identity, "data": None, "scenario": {"name": "default"}}
    )
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as connection:
        rows = connection.execute(
            "SELECT backtest_id, parameters FROM evaluations JOIN trials USING (search_id, number)"
        ).fetchall()
        keys = [(bytes.fromhex(content_key(shared, text)[:32]), found) for found, text in rows]
        connection.executemany("UPDATE backtests SET key = ? WHERE id = ?", keys)
        connection.commit()
    assert shown(project)["best"] == before["best"]
    leanopt(project, "run", "pipeline.toml", "--again", *few)
    assert shown(project)["backtests"] == before["backtests"]
    assert before["backtests"]["from_cache"] == 0
