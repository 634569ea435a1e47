"""The command line as its user meets it: output, JSON, exit codes, what it imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "optuna", "docker", "rich", "pandas", "scipy", "sqlite_utils")


@pytest.mark.parametrize("command", ["--help", "plugins", "--version", "run --help"])
def test_help_and_plugins_import_nothing_heavy(command: str) -> None:
    """What only lists things must be quick."""
    script = (
        "import sys\n"
        "from leanopt_core.cli import main\n"
        f"sys.argv[1:] = {command.split()!r}\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr


@pytest.fixture
def finished(project: Path, leanopt) -> Path:
    """A project with one finished run."""
    leanopt(project, "run", "pipeline.toml")
    return project


@pytest.mark.long
def test_a_run_prints_a_page_on_standard_output_and_its_progress_beside(
    project: Path, leanopt
) -> None:
    """The page says how it ended, counts every kind of trial, lists stages and the best."""
    completed = leanopt(project, "run", "pipeline.toml")
    page = completed.stdout.splitlines()
    assert page[0].startswith("run hill-1: finished; started ")
    assert "stage lhs begins" in completed.stderr
    assert any(line.startswith("lhs") and line.endswith("trials") for line in page)
    assert any(line.startswith("random") and line.endswith("patience") for line in page)
    counts = re.sub("[,:;]", "", page[1]).split()
    words = ("trials", "feasible", "infeasible", "without", "failed")
    trials, feasible, infeasible, unscored, failed = (
        int(counts[counts.index(word) - 1]) if word in counts else 0 for word in words
    )
    assert trials == feasible + infeasible + unscored + failed == 83
    assert f"({failed} strategy error)" in page[1]


@pytest.mark.long
def test_json_documents_parse_and_agree(finished: Path, leanopt, shown) -> None:
    """`show`, `runs`, `plan`, `check` and `plugins` have the same facts for programs."""
    report = shown(finished, "--top", "3")
    assert [one["rank"] for one in report["best"]] == [1, 2, 3]
    runs = json.loads(leanopt(finished, "runs", "--json").stdout)["runs"]
    assert runs[0]["name"] == report["run"] == "hill-1"
    assert runs[0]["best_fitness"] == report["best"][0]["fitness"]
    plan = json.loads(leanopt(finished, "plan", "pipeline.toml", "--json").stdout)
    assert plan["hash"] == report["plan_hash"]
    assert plan["trials"] == 224
    assert plan["space"] == {"exact": True, "feasible": 1668, "grid": 1680}
    assert json.loads(leanopt(finished, "check", "pipeline.toml", "--json").stdout) == {
        "mistakes": [],
        "warnings": [],
    }
    plugins = json.loads(leanopt(finished, "plugins", "--json").stdout)
    assert {"stage", "fitness function", "executor", "engine", "sink"} == {
        one["kind"] for one in plugins["plugins"]
    }
    assert plugins["problems"] == []


@pytest.mark.long
def test_a_trial_is_shown_with_all_that_is_known_of_it(finished: Path, leanopt, shown) -> None:
    """Parameters, score, statistics; a failed one with its category and message."""
    best = shown(finished)["best"][0]
    page = leanopt(finished, "show", "hill-1", str(best["trial"])).stdout
    for name, value in best["parameters"].items():
        assert [name, str(value)] in [line.split() for line in page.splitlines()]
    assert "Net Profit" in page
    lines = leanopt(finished, "export").stdout.splitlines()
    failed = next(line for line in map(json.loads, lines) if line["failure"])
    page = leanopt(finished, "show", str(failed["number"])).stdout
    assert "strategy error" in page
    assert "no trading at x = " in page


@pytest.mark.long
def test_export_writes_the_whole_file_or_none(finished: Path, leanopt) -> None:
    """To standard output and to a file the same; a folder that is not there is an error."""
    text = leanopt(finished, "export", "--canonical").stdout
    leanopt(finished, "export", "hill-1", "--canonical", "-o", "trials.jsonl")
    assert (finished / "trials.jsonl").read_text() == text
    absent = leanopt(finished, "export", "-o", "nowhere/trials.jsonl", check=False)
    assert (absent.returncode, absent.stdout) == (2, "")
    assert "nowhere/trials.jsonl cannot be written: No such file or directory" in absent.stderr
    longest = os.pathconf(finished, "PC_NAME_MAX")
    leanopt(finished, "export", "--canonical", "-o", "a" * longest)
    assert (finished / ("a" * longest)).read_text() == text
    long = leanopt(finished, "export", "-o", "a" * (longest + 1), check=False)
    assert (long.returncode, long.stdout) == (2, "")
    assert long.stderr.endswith("cannot be written: File name too long\n")


@pytest.mark.long
def test_a_reader_that_goes_away_is_no_error(finished: Path) -> None:
    """As `leanopt export | head -1` does."""
    command = f"{Path(sys.executable).with_name('leanopt')} export | head -1"
    completed = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=finished, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert completed.stderr == ""
    assert completed.returncode == 0
    assert json.loads(completed.stdout)["number"] == 1


@pytest.mark.long
def test_the_jsonl_sink_and_the_store_agree(project: Path, leanopt) -> None:
    """A sink is told every trial in order; a second run writes a new file."""
    with (project / "pipeline.toml").open("a") as file:
        file.write('\n[[sink]]\nuse = "jsonl"\npath = "out/trials.jsonl"\n')
    for _ in range(2):
        leanopt(project, "run", "pipeline.toml", "--again")
        told = list(map(json.loads, (project / "out/trials.jsonl").read_text().splitlines()))
        stored = [
            trial
            for line in leanopt(project, "export", "--canonical").stdout.splitlines()
            if (trial := json.loads(line))["state"] in ("completed", "failed")
        ]
        assert [one["number"] for one in told] == [one["number"] for one in stored]
        assert [one["parameters"] for one in told] == [one["parameters"] for one in stored]
        assert [one["fitness"] for one in told] == [one["fitness"] for one in stored]
        assert [one["statistics"]["default"] for one in told] == [
            one["statistics"]["default"] for one in stored
        ]


@pytest.mark.long
def test_messages_from_a_strategy_cannot_act_on_the_terminal(project: Path, leanopt) -> None:
    """Control characters are shown as question marks."""
    strategy = project / "strategy.py"
    strategy.write_text(strategy.read_text().replace("no trading", "\\x1b[2J\\x07no trading"))
    leanopt(project, "run", "pipeline.toml", "--set", "stage.1.trials=1")
    failed = next(
        line["number"]
        for line in map(json.loads, leanopt(project, "export").stdout.splitlines())
        if line["failure"]
    )
    page = leanopt(project, "show", str(failed)).stdout
    assert "?[2J?no trading" in page
    assert "\x1b" not in page


ERRORS = {
    "unknown command": (("rnu",), 2, "No such command 'rnu'. Did you mean 'run'?"),
    "no project": (("show",), 2, "there are no runs in "),
    "unknown option": (("run", "pipeline.toml", "--worker", "2"), 2, "--workers"),
    "missing pipeline": (("run", "pipelin.toml"), 3, "pipelin.toml"),
    "unknown key": (
        ("check", "pipeline.toml", "--set", "search.lokahead=4"),
        3,
        "unknown key (did you mean 'lookahead'?)",
    ),
    "negative workers": (("run", "pipeline.toml", "--workers", "0"), 2, "--workers"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do_and_have_a_code_by_kind(project: Path, leanopt, name: str) -> None:
    """One message on standard error, nothing on standard output, no traceback."""
    arguments, code, message = ERRORS[name]
    completed = leanopt(project, *arguments, check=False)
    assert (completed.returncode, completed.stdout) == (code, "")
    assert message in completed.stderr


@pytest.mark.long
def test_unknown_runs_and_trials(finished: Path, leanopt) -> None:
    """The nearest name is offered."""
    completed = leanopt(finished, "show", "hil-1", check=False)
    assert completed.returncode == 2
    assert completed.stderr == "leanopt: there is no run 'hil-1' (did you mean 'hill-1'?)\n"
    completed = leanopt(finished, "show", "9999", check=False)
    assert completed.returncode == 2
    assert completed.stderr == "leanopt: run hill-1 has no trial 9999 in search 1\n"


def test_a_store_of_another_program_is_left_alone(project: Path, leanopt) -> None:
    """Exit code 7, and not a byte of it is changed."""
    path = project / ".leanopt" / "leanopt.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    completed = leanopt(project, "run", "pipeline.toml", check=False)
    assert completed.returncode == 7
    assert f"{path}: this is not a SQLite file" in completed.stderr
    assert path.read_bytes() == b"not a database at all" * 100


def test_an_empty_space_names_the_constraints_that_empty_it(project: Path, leanopt) -> None:
    """Both constraints together leave nothing; the third one is not to blame."""
    (project / "pipeline.toml").write_text(
        (project / "pipeline.toml")
        .read_text()
        .replace('["x + 10 * y >= 3"]', '["x > 30", "y > 0.1", "x + 10 * y < 20"]')
    )
    completed = leanopt(project, "check", "pipeline.toml", check=False)
    assert completed.returncode == 3
    assert "'x > 30' and 'x + 10 * y < 20'" in completed.stderr
    assert "y > 0.1" not in completed.stderr


def test_the_core_alone_says_what_to_install(project: Path, leanopt) -> None:
    """LEANOPT_PLUGINS limits what loads; what is missing is named with its pip install."""
    completed = leanopt(project, "run", "pipeline.toml", check=False, LEANOPT_PLUGINS="")
    assert completed.returncode == 3
    for plugin in ("lhs", "random", "statistic"):
        assert f"pip install leanopt-{plugin}" in completed.stderr
