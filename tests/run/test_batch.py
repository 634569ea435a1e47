"""`leanopt batch`: a file of parameter sets as a run."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Trials = list[dict[str, Any]]

#: The same points as the stage `grid` tries of the project's space, cut to these values.
SMALL = (
    *("--set", "parameters.x.min=8", "--set", "parameters.x.max=14"),
    *("--set", "parameters.y={ values = [0.1, 0.25, 0.9] }"),
)
GRID = ("--set", 'stage=[{use = "grid"}]')


@pytest.fixture
def trials(leanopt) -> Callable[..., Trials]:
    """Return the trials of a run, without what is its own: number, stage and origin."""

    def exported(folder: Path, *run: str) -> Trials:
        lines = leanopt(folder, "export", *run, "--canonical").stdout.splitlines()
        own = ("number", "stage", "origin")
        return [{k: v for k, v in json.loads(one).items() if k not in own} for one in lines]

    return exported


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows with the header of the first."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def rewritten(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the same rows in the form of the file's suffix."""
    if path.suffix == ".csv":
        write_csv(path, rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_sets_equal_those_of_a_run(
    project: Path, tmp_path: Path, leanopt, trials: Callable[..., Trials], form: str
) -> None:
    """In each form, trial by trial; nothing of the run's store helps."""
    leanopt(project, "run", "pipeline.toml", *SMALL, *GRID)
    truth = trials(project)
    other = Path(tmp_path / "other")
    other.mkdir()
    for name in ("strategy.py", "pipeline.toml"):
        (other / name).write_text((project / name).read_text())
    rewritten(other / f"sets.{form}", [one["parameters"] for one in truth])
    done = leanopt(other, "batch", "pipeline.toml", "--sets", f"sets.{form}")
    assert "edge of the search space" not in done.stdout
    assert trials(other) == truth
    assert len(truth) == 42


@pytest.mark.long
def test_500_sets_equal_the_same_500_of_a_run(
    project: Path, leanopt, trials: Callable[..., Trials], shown
) -> None:
    """By `random` over the whole grid; of the same store, none runs again."""
    all_500 = ("--set", 'stage=[{use = "random", trials = 500}]')
    leanopt(project, "run", "pipeline.toml", *all_500)
    truth = trials(project)
    rewritten(project / "sets.csv", [one["parameters"] for one in truth])
    (project / ".leanopt").rename(project / "before")
    leanopt(project, "batch", "pipeline.toml", "--sets", "sets.csv", "--workers", "4")
    assert trials(project) == truth
    assert shown(project)["backtests"] == {"run": 500, "from_cache": 0}
    leanopt(project, "run", "pipeline.toml", *all_500)
    assert shown(project)["backtests"] == {"run": 0, "from_cache": 500}


def test_values_off_the_grid(project: Path, leanopt, trials: Callable[..., Trials]) -> None:
    """The grid is that of the file; so it is for a fixed parameter with a column of its own."""
    text = (project / "pipeline.toml").read_text()
    (project / "pipeline.toml").write_text(text.replace("[constraints]", "z = 1\n[constraints]"))
    (project / "sets.csv").write_text(
        "mode,x,y,z\nturbo,100,0.123,\nfast,7.5,0.2,2\n\nslow, 20 ,1e-1,\n"
    )
    leanopt(project, "batch", "--sets", "sets.csv", "--allow-unread")
    assert [one["parameters"] for one in trials(project)] == [
        {"mode": "turbo", "x": 100, "y": 0.123, "z": 1},
        {"mode": "fast", "x": 7.5, "y": 0.2, "z": 2},
        {"mode": "slow", "x": 20, "y": 0.1, "z": 1},
    ]


@pytest.mark.long
def test_it_is_a_run_that_can_be_resumed(
    project: Path, leanopt, start, trials: Callable[..., Trials]
) -> None:
    """After Ctrl-C, with the sets that it began with."""
    rows = [{"x": x, "y": 0.3, "mode": "fast"} for x in range(12, 40)]
    rewritten(project / "sets.csv", rows)
    process = start(project, "batch", "--sets", "sets.csv", "--workers", "1", HILL_DELAY="0.2")
    assert next(process.stderr) == "stage points begins\n"
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    (project / "sets.csv").unlink()
    leanopt(project, "resume")
    assert [one["parameters"]["x"] for one in trials(project)] == [*range(12, 40)]


@pytest.mark.long
def test_conditions_are_kept(project: Path, leanopt, trials: Callable[..., Trials]) -> None:
    """An inactive parameter may be left out, and has the pipeline's first value."""
    text = (project / "pipeline.toml").read_text()
    when = "gap = { min = 2, max = 9, when = \"mode == 'slow'\" }\n[constraints]"
    (project / "pipeline.toml").write_text(text.replace("[constraints]", when))
    (project / "sets.csv").write_text("mode,x,y,gap\nfast,20,0.1,\nslow,20,0.1,9\nfast,21,0.1,2\n")
    leanopt(project, "batch", "--sets", "sets.csv", "--allow-unread")
    assert [one["parameters"]["gap"] for one in trials(project)] == [2, 9, 2]


@pytest.mark.long
@pytest.mark.parametrize("own", ['{ choices = ["fast", "slow", "turbo"] }', '"turbo"'])
def test_rules_name_choices_that_no_set_has(
    project: Path, leanopt, trials: Callable[..., Trials], own: str
) -> None:
    """Constraints and conditions stay as they are, also where the parameter was fixed."""
    when = "gap = { min = 2, max = 9, when = \"mode == 'slow'\" }"
    rule = "mode != 'turbo' or x < 30"
    space = f"[parameters]\nmode = {own}\n{when}\nx = {{ min = 1, max = 40 }}\n"
    text = (project / "pipeline.toml").read_text()
    before, after = text.split("[parameters]")[0], text.partition("[constraints]")[2]
    after = after.partition("\n[")[2]
    limits = f'y = 0.3\n[constraints]\nparameters = ["{rule}"]\n['
    if own == '"turbo"':
        space = space.replace(when, "gap = { min = 2, max = 9 }")
        limits = limits.replace(rule, "mode != 'slow' or x < 30")
    (project / "pipeline.toml").write_text(before + space + limits + after)
    (project / "sets.csv").write_text("mode,x,gap\nfast,20,2\nfast,35,2\n")
    leanopt(project, "batch", "--sets", "sets.csv", "--allow-unread")
    assert [one["parameters"]["x"] for one in trials(project)] == [20, 35]
    assert {one["parameters"]["mode"] for one in trials(project)} == {"fast"}


def test_a_set_that_comes_twice_runs_once(
    project: Path, leanopt, trials: Callable[..., Trials]
) -> None:
    """It is told; numbers are equal however they are written."""
    (project / "sets.csv").write_text("mode,x,y\nfast,20,0.1\nfast,20.0,0.10\nfast,21,0.1\n")
    done = leanopt(project, "batch", "--sets", "sets.csv")
    assert "sets.csv: 1 set repeats another and run once: line 3" in done.stderr
    assert len(trials(project)) == 2


@pytest.mark.long
def test_texts_are_no_variables(project: Path, leanopt, trials: Callable[..., Trials]) -> None:
    """Nor TOML."""
    hostile = ["${HOME}", "a\"b'c", "2020-01-01", "tab\there", "ünï"]
    rewritten(project / "sets.json", [{"x": 20, "y": 0.1, "mode": mode} for mode in hostile])
    leanopt(project, "batch", "--sets", "sets.json")
    assert [one["parameters"]["mode"] for one in trials(project)] == hostile


CSV_FAULTS = """mode,x,y
fast,20,0.1
fast,many,0.1
fast,,0.1
fast,20
fast,1,0.1
"""
LINES_FAULTS = """{"mode": "fast", "x": 20, "y": 0.1}
{"mode": "fast", "x": 20, "y": NaN}
[1, 2]
{"mode": "fast", "x": 20, "y": 0.1

{"mode": "fast", "x": null, "y": 0.1, "z": 3}
"""
JSON_FAULTS = """[
  {"mode": "fast", "x": 20, "y": 0.1},
  5,
  {"mode": "fast",
   "x": "20", "y": 0.1},
  {"mode": ["fast"], "x": 20, "y": 0.1}
]
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "sets.csv",
            CSV_FAULTS,
            [
                'sets.csv: line 3, x: found "many", expected a number',
                "sets.csv: line 4, x: found nothing, expected a value for each searched parameter",
                "sets.csv: line 5: found 2, expected 3 cells, as in the header",
                "sets.csv: line 6: breaks the constraint x + 10 * y >= 3",
            ],
        ),
        (
            "sets.jsonl",
            LINES_FAULTS,
            [
                "sets.jsonl: line 2: is not JSON: NaN is no number",
                "sets.jsonl: line 3: found [1, 2], expected an object with parameters",
                "sets.jsonl: line 4: is not JSON: Expecting ',' delimiter (column 35)",
                "sets.jsonl: line 6, z: found 3, unknown parameter (choose from: mode, x, y)",
                "sets.jsonl: line 6, x: found nothing, expected a value for each searched",
            ],
        ),
        (
            "sets.json",
            JSON_FAULTS,
            [
                "sets.json: line 3: found 5, expected an object with parameters",
                'sets.json: line 4, x: found "20", expected a number',
                'sets.json: line 6, mode: found ["fast"], expected a number, a text, true or false',
            ],
        ),
        ("sets.csv", "", ["sets.csv: expected at least one set of parameters"]),
        ("sets.csv", "mode,x,y\n", ["sets.csv: expected at least one set of parameters"]),
        (
            "sets.csv",
            "x,x\n1,2\n",
            ["sets.csv: line 1: expected each column once; 'x' comes"],
        ),
        ("sets.csv", "x,\n1,2\n", ["sets.csv: line 1: expected a name for each column"]),
        (
            "sets.csv",
            "mode;x;y\nfast;20;0.1\nslow;20;0.1\n",
            ["sets.csv: line 1: expected commas between columns"],
        ),
        (
            "sets.csv",
            "mode,x,yy\nfast,20,0.1\nslow,20,0.1\n",
            ["sets.csv: line 1: 'yy' is no parameter (did you mean 'y'?)"],
        ),
        (
            "sets.csv",
            "mode\nfast\nslow\n",
            ["sets.csv: line 1: expected a column for each searched parameter; add x, y"],
        ),
        ("sets.json", "{}", ["sets.json: line 1: expected a list"]),
    ],
)
def test_every_bad_row_is_named_with_its_line(
    project: Path, leanopt, name: str, text: str, expected: list[str]
) -> None:
    """Exit code 3, and nothing has run."""
    (project / name).write_text(text)
    done = leanopt(project, "batch", "--sets", name, check=False)
    assert done.returncode == 3
    lines = done.stderr.removeprefix("leanopt: ").splitlines()
    assert len(lines) == len(expected), done.stderr
    for line, begins in zip(lines, expected, strict=True):
        assert line.startswith(begins)
    assert not (project / ".leanopt").exists()


def test_the_stage_must_be_installed(project: Path, leanopt) -> None:
    """The message says how."""
    (project / "sets.csv").write_text("mode,x,y\nfast,20,0.1\n")
    others = "leanopt-lhs,leanopt-random,leanopt-statistic"
    done = leanopt(project, "batch", "--sets", "sets.csv", check=False, LEANOPT_PLUGINS=others)
    assert done.returncode == 2
    assert "needs the stage 'points': pip install leanopt-points" in done.stderr


def test_a_file_that_is_not_there(project: Path, leanopt) -> None:
    """With the one that is probably meant."""
    (project / "sets.csv").write_text("x\n1\n")
    done = leanopt(project, "batch", "--sets", "stes.csv", check=False)
    assert done.returncode == 3
    assert "stes.csv: no such file (did you mean 'sets.csv'?)" in done.stderr
