"""Show, compare, export and delete runs and trials."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest


def document(leanopt, folder: Path, *arguments: str) -> dict:
    """Return what a command answers as JSON."""
    return json.loads(leanopt(folder, *arguments, "--json").stdout)


def paste(line: str) -> subprocess.CompletedProcess[str]:
    """Run a printed line in a shell elsewhere, with nothing more to type."""
    return subprocess.run(
        ["sh", "-c", line],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )


def test_by_hand_a_trial_gives_what_is_stored(searched: Path, leanopt) -> None:
    """The printed command line, pasted into a shell elsewhere."""
    page = leanopt(searched, "show", "slope-1", "7").stdout
    line = page[page.index("reproduce (") :].splitlines()[1]
    pasted = paste(line)
    answer = json.loads(pasted.stdout)
    stored = document(leanopt, searched, "show", "slope-1", "7")
    assert answer["status"] == "complete"
    assert answer["statistics"] == stored["backtests"][0]["statistics"]
    (hand,) = stored["reproduce"]
    sent = subprocess.run(
        hand["command"], input=hand["request"] + "\n", capture_output=True, text=True, check=True
    )
    assert json.loads(sent.stdout)["statistics"] == answer["statistics"]


def test_a_failed_trial_fails_by_hand_too(searched: Path, leanopt) -> None:
    """With the message that is shown."""
    stored = next(
        trial
        for line in leanopt(searched, "export", "slope-2").stdout.splitlines()
        if (trial := json.loads(line)).get("failure")
    )
    page = leanopt(searched, "show", "slope-2", str(stored["number"])).stdout
    line = page[page.index("reproduce (") :].splitlines()[1]
    pasted = paste(line)
    message = json.loads(pasted.stdout)["message"].splitlines()[0]
    assert "no bars for x = " in message
    assert message in page


def test_a_number_alone_is_a_trial_of_the_newest_run(searched: Path, leanopt) -> None:
    """And a run's beginning stays one."""
    assert leanopt(searched, "show", "3").stdout.startswith("trial 3 of slope-2,")
    assert leanopt(searched, "show", "slope-1").stdout.startswith("run slope-1:")


def test_trials_side_by_side(searched: Path, leanopt) -> None:
    """What differs has a mark, what does not has none; every parameter and statistic is there."""
    one, two = (document(leanopt, searched, "show", "slope-1", n) for n in ("1", "2"))
    rows = document(leanopt, searched, "compare", "slope-1:1", "slope-1:2")["rows"]
    found = {row["what"]: row for row in rows}
    for name in one["parameters"]:
        values = [str(trial["parameters"][name]) for trial in (one, two)]
        assert [str(value) for value in found[name]["values"]] == values
        assert found[name]["differ"] is (values[0] != values[1])
    assert found["kind"]["differ"] is False
    statistics = [trial["backtests"][0]["statistics"] for trial in (one, two)]
    assert found["Net Profit"]["values"] == [one["Net Profit"] for one in statistics]
    page = leanopt(searched, "compare", "slope-1:1", "slope-1:2").stdout.splitlines()
    assert page[0].split() == ["what", "slope-1:1", "slope-1:2"]
    marked = {line[1:].split("  ")[1].strip() for line in page if line.startswith("*")}
    assert marked == {row["what"] for row in rows if row["differ"]}


def test_runs_side_by_side(searched: Path, leanopt) -> None:
    """How they went, and where their plans differ; the rest of the plans is left out."""
    rows = document(leanopt, searched, "compare", "slope-1", "slope-2")["rows"]
    found = {row["what"]: row for row in rows}
    assert found["plan.seed"]["values"] == [3, 4]
    assert found["plan.space.fixed.kind"]["values"] == ["rising", "failing"]
    assert all(row["differ"] for row in rows if row["what"].startswith("plan."))
    assert found["trials"]["values"] == [40, 40]
    assert found["failed"]["values"][0] == 0 < found["failed"]["values"][1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("slope-1",), "give at least two runs"),
        (("slope-1", "slope-1:3"), "give only runs or only trials"),
        (("slope-1:3", "slope-1:999"), "run slope-1 has no trial 999 in search 1"),
        (("slope-1", "slape-2"), "did you mean 'slope-2'?"),
    ],
)
def test_what_cannot_be_compared(searched: Path, leanopt, arguments, message: str) -> None:
    """Is said, with what to type instead."""
    completed = leanopt(searched, "compare", *arguments, check=False)
    assert completed.returncode == 2
    assert message in completed.stderr


def test_csv_has_what_json_lines_have(searched: Path, leanopt) -> None:
    """Each trial, each parameter and statistic, numbers as they are stored."""
    for run in ("slope-1", "slope-2"):
        text = leanopt(searched, "export", run, "--to", "csv").stdout
        table = list(csv.DictReader(io.StringIO(text)))
        lines = leanopt(searched, "export", run).stdout.splitlines()
        trials = [
            one for line in lines if "parameters" in (one := json.loads(line, parse_float=str))
        ]
        assert [row["trial"] for row in table] == [str(one["number"]) for one in trials]
        for row, one in zip(table, trials, strict=True):
            statistics = one["backtests"]["default"]["statistics"] or {}
            expected = {
                **{f"parameters.{k}": str(v) for k, v in one["parameters"].items()},
                **{f"statistics.{k}": str(v) for k, v in statistics.items()},
                "stage": one["stage"],
                "failure": one["failure"] or "",
                "message": "; ".join(one["reasons"]).replace("\n", "\\n"),
            }
            assert {k: v for k, v in row.items() if v} == {
                **{k: v for k, v in expected.items() if v},
                **{k: row[k] for k in ("search", "trial", "state", "origin")},
                **({"fitness": row["fitness"]} if row["fitness"] else {}),
                "violation": row["violation"],
            }
            assert row["fitness"] == (str(one["fitness"]) if one["fitness"] is not None else "")


@pytest.mark.long
def test_control_characters_are_escaped_in_csv(project: Path, leanopt) -> None:
    """A trial is one line, and a terminal obeys none of it."""
    strategy = project / "strategy.py"
    said = strategy.read_text().replace('"Sharpe Ratio": 1.5', '"Note": "a\\x1b[31m\\r\\nb\\x9bé"')
    strategy.write_text(said)
    leanopt(project, "run", "pipeline.toml", "--set", "stage.1.trials=1")
    text = leanopt(project, "export", "--to", "csv").stdout
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 21
    assert {row["statistics.Note"] for row in rows} == {r"a\u001b[31m\u000d\u000ab\u009bé"}


def test_canonical_is_no_table(searched: Path, leanopt) -> None:
    """The canonical form has one form."""
    completed = leanopt(searched, "export", "--to", "csv", "--canonical", check=False)
    assert completed.returncode == 2
    assert "--canonical works only with --to jsonl" in completed.stderr


def test_delete_asks_and_deletes_only_that_run(project: Path, leanopt) -> None:
    """No answer is no; --yes does not ask."""
    for _ in range(2):
        leanopt(project, "run", "pipeline.toml", "--again", "--set", "stage.1.trials=1")
    refused = leanopt(project, "delete", "slope-1", check=False)
    assert refused.returncode == 1
    assert "Delete slope-1 (" in refused.stdout
    assert len(document(leanopt, project, "runs")["runs"]) == 2
    assert "(21 trials" in leanopt(project, "delete", "slope-1", "--yes").stdout
    (left,) = document(leanopt, project, "runs")["runs"]
    assert (left["name"], left["completed"]) == ("slope-2", 21)
    again = leanopt(project, "delete", "slope-1", "--yes", check=False)
    assert again.returncode == 2
