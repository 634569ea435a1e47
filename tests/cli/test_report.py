"""The page at a run's end: the ten best trials, warnings, the store, what to do next."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leanopt_core.cli.output import print_table


def rows(page: str, head: str) -> list[dict[str, str]]:
    """Return the rows of the table whose head begins with a word, by column."""
    lines = page.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(head))
    names = lines[at].split("  ")
    names = [name.strip() for name in names if name.strip()]
    found = []
    for line in lines[at + 1 :]:
        cells = line.split()
        if len(cells) != len(names):
            break
        found.append(dict(zip(names, cells, strict=True)))
    return found


def test_the_ten_best_with_what_was_searched_and_what_traders_look_at(
    searched: Path, leanopt
) -> None:
    """In the order of the store's own ranking; fixed parameters and equal results come once."""
    page = leanopt(searched, "show", "slope-1").stdout
    table = rows(page, "rank")
    assert list(table[0]) == [
        "rank", "trial", "equal", "stage", "fitness", "mode", "x", "y",
        "annual return", "drawdown", "Sharpe", "orders",
    ]  # fmt: skip
    with closing(sqlite3.connect(searched / ".leanopt" / "leanopt.db")) as store:
        ranked = store.execute(
            "SELECT trial, fitness, parameters FROM (SELECT *, row_number() OVER "
            "(PARTITION BY statistics ORDER BY rank) AS place FROM trials_ranked "
            "WHERE run = 'slope-1' AND rank <= 50) WHERE place = 1 ORDER BY rank LIMIT 10"
        ).fetchall()
    assert [int(row["trial"]) for row in table] == [trial for trial, _, _ in ranked]
    for row, (_, fitness, parameters) in zip(table, ranked, strict=True):
        values = json.loads(parameters, parse_float=str)
        assert row["fitness"] == f"{fitness:.6g}"
        assert {name: row[name] for name in ("mode", "x", "y")} == {
            name: str(values[name]) for name in ("mode", "x", "y")
        }
        assert row["annual return"] == f"{fitness / 2:.1%}"
        assert row["orders"] == f"{1200 + values['x']:,}"
    assert "\nfixed: kind = rising\n" in page


def test_the_page_says_where_everything_is_and_what_next(searched: Path, leanopt) -> None:
    """The commands that it offers work, from the project's folder and from elsewhere."""
    for folder, more in ((searched, ()), (searched.parent, ("-C", "project"))):
        page = leanopt(folder, "show", "slope-1", *more).stdout
        stored = next(line for line in page.splitlines() if line.startswith("Stored in"))
        assert (folder / stored.removeprefix("Stored in ")).is_file()
        offered = re.findall(r"^  .+: +leanopt (.+)$", page, flags=re.MULTILINE)
        assert len(offered) == 2
        for command in offered:
            assert leanopt(folder, *command.split()).stdout


WARNINGS = {
    "rising": ["the best trial is at the edge of the search space (x = 10"],
    "flat": ["all 40 feasible trials have the same fitness (0.5)"],
    "deep": ["no feasible trials; the closest, trial 1, violates Drawdown <= 25%"],
    "failing": ["of 40 trials failed; trial ", "with strategy error: ValueError: no bars for x = "],
}


@pytest.mark.alike(1)
@pytest.mark.slow
@pytest.mark.parametrize("kind", WARNINGS)
def test_warnings_that_matter(project: Path, leanopt, kind: str) -> None:
    """Each where it applies: on the page and in the document; the others nowhere."""
    sets = ("--set", f"parameters.kind={kind}")
    page = leanopt(project, "run", "pipeline.toml", *sets).stdout
    said = json.loads(leanopt(project, "show", "--json").stdout)["warnings"]
    assert [f"Warning: {one}" for one in said] == [
        line for line in page.splitlines() if line.startswith("Warning")
    ]
    for name, parts in WARNINGS.items():
        for part in parts:
            there = any(part in one for one in said)
            # What fails and what is flat has a best trial too, somewhere.
            assert there or name != kind, (part, said)
            assert not there or name in (kind, "rising")


@pytest.mark.slow
def test_nothing_is_said_of_a_run_that_is_as_it_should_be(project: Path, leanopt) -> None:
    """The best in the middle: an end that is a choice's or the only value is none."""
    sets = ("parameters.x=5", "parameters.y={ min = 0.15, max = 0.35, step = 0.01 }")
    arguments = [part for one in sets for part in ("--set", one)]
    leanopt(project, "run", "pipeline.toml", *arguments)
    assert json.loads(leanopt(project, "show", "--json").stdout)["warnings"] == []


def test_a_narrow_terminal_gets_several_tables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each as wide as the terminal, each with the first columns, every column once."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    head = ["rank", "trial", *(f"parameter{n}" for n in range(5))]
    print_table(head, [["1", "17", *"abcde"], ["2", "4", *"fghij"]], keep=2)
    tables = [table.splitlines() for table in capsys.readouterr().out.split("\n\n")]
    assert len(tables) == 5
    assert [table[0].split() for table in tables] == [["rank", "trial", name] for name in head[2:]]
    assert [table[1].split() for table in tables] == [["1", "17", one] for one in "abcde"]
    assert max(len(line) for table in tables for line in table) <= 30
    monkeypatch.setenv("COLUMNS", "60")
    print_table(head, [["1", "17", *"abcde"], ["2", "4", *"fghij"]], keep=2, part=4)
    tables = [table.splitlines() for table in capsys.readouterr().out.split("\n\n")]
    assert [table[0].split()[2:] for table in tables] == [head[2:4], head[4:]]
    monkeypatch.setenv("COLUMNS", "80")
    print_table(head, [["1", "17", *"abcde"]], keep=2, part=4)
    assert "\n\n" not in capsys.readouterr().out
