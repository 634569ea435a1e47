"""Which run `leanopt run` and `leanopt resume` continue, show or begin."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import pytest

import leanopt_core
from leanopt_core.cli.common import run_names
from leanopt_core.errors import ResumeError, UsageError

RUN = ("run", "pipeline.toml")
SMALL = ("--set", "stage.0.trials=6", "--set", "stage.1.trials=2")
SHOWN = "run hill-1 has this plan and has finished: its result is shown. Use --again to begin"
RESUMED = "run hill-1 has this plan and is unfinished: it continues."


def unfinish(project: Path, state: str = "interrupted", last: int = 4) -> None:
    """Make the newest run look as if it had ended in `state` after trial `last`."""
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as connection:
        (run,) = connection.execute("SELECT max(id) FROM runs").fetchone()
        where = "WHERE search_id IN (SELECT id FROM searches WHERE run_id = ?) AND number > ?"
        for table in ("evaluations", "trials"):
            connection.execute(f"DELETE FROM {table} {where}", (run, last))  # noqa: S608
        ended = "SET ended = NULL, told = ?, withdrawn = 0, best = 1"
        connection.execute(f"UPDATE searches {ended} WHERE run_id = ?", (last, run))
        connection.execute(
            "UPDATE stages SET ended = NULL WHERE search_id IN "
            "(SELECT id FROM searches WHERE run_id = ?)",
            (run,),
        )
        connection.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run))
        connection.commit()


def names(leanopt: Callable, project: Path) -> list[tuple[str, str]]:
    """Return the names and states of the runs, the newest first."""
    runs = json.loads(leanopt(project, "runs", "--json").stdout)["runs"]
    return [(one["name"], one["state"]) for one in runs]


def test_a_finished_run_is_shown_and_again_repeats_it(project: Path, leanopt, canonical) -> None:
    """The page is the run's own; `--again` makes the same trials from the cache."""
    first = leanopt(project, *RUN, *SMALL)
    shown = leanopt(project, *RUN, *SMALL)
    assert (shown.returncode, shown.stdout) == (0, first.stdout)
    assert SHOWN in shown.stderr
    assert "warning" not in shown.stderr
    truth = canonical(project)
    again = leanopt(project, *RUN, *SMALL, "--again")
    assert again.stdout.startswith("run hill-2: finished")
    assert "0 backtests run, 8 from the cache" in again.stdout
    assert "hill-1" not in again.stderr
    assert canonical(project) == truth


def test_what_differs_outside_the_plan_is_listed(project: Path, leanopt) -> None:
    """Options, versions and the place: they may be why somebody wants to run it again."""
    leanopt(project, *RUN, *SMALL)
    said = leanopt(project, *RUN, *SMALL, "--workers", "3").stderr
    assert "warning: hill-1 ran under different conditions:\n  workers: 2, now 3\n" in said


@pytest.mark.long
def test_what_changes_no_result_is_not_listed(project: Path, leanopt) -> None:
    """How workers are kept, started and checked, where they write, what is kept, for how long."""
    leanopt(project, *RUN, *SMALL)
    quiet = {
        "search.check_warm": "0",
        "search.durability": '"power"',
        "search.keep": '"all"',
        "search.time": '"1h"',
        "executor.start_limit": "50",
        "executor.recycle_after": "100",
        "executor.nice": "1",
        "executor.scratch_folder": f'"{project.parent}"',
    }
    sets = [text for key, value in quiet.items() for text in ("--set", f"{key}={value}")]
    assert "different" not in leanopt(project, *RUN, *SMALL, *sets).stderr
    said = leanopt(project, *RUN, *SMALL, *sets, "--set", "executor.time_limit=9").stderr
    assert "hill-1 ran under different conditions:\n  time_limit: None, now 9.0\n" in said


@pytest.mark.long
def test_files_of_the_strategy_that_have_changed_are_named(project: Path, leanopt) -> None:
    """Those that have changed, are new or gone; not the hash of them all."""
    (project / "used.py").write_text("")
    (project / "later.py").write_text("")
    strategy = project / "strategy.py"
    strategy.write_text(f"import used\n{strategy.read_text()}")
    leanopt(project, *RUN, *SMALL)
    unfinish(project)
    strategy.write_text(strategy.read_text().replace("import used", "import later  # now"))
    said = leanopt(project, "resume", check=False).stderr
    assert "the strategy: strategy.py has changed, later.py is new, used.py is gone\n" in said
    assert "source" not in said


@pytest.mark.long
def test_an_unfinished_run_continues(project: Path, leanopt, canonical) -> None:
    """Without `--resume` too, and under its name."""
    leanopt(project, *RUN, *SMALL)
    truth = canonical(project)
    for command in ((*RUN, *SMALL), ("resume",), ("resume", "hill")):
        unfinish(project)
        done = leanopt(project, *command)
        assert done.stdout.startswith("run hill-1: finished")
        assert (RESUMED if command[0] == "run" else "run hill-1 continues\n") in done.stderr
        assert canonical(project) == truth
    assert names(leanopt, project) == [("hill-1", "finished")]


@pytest.mark.long
def test_after_a_failure_a_new_run_begins(project: Path, leanopt) -> None:
    """`resume` still continues the one that failed."""
    leanopt(project, *RUN, *SMALL)
    unfinish(project, "failed")
    again = leanopt(project, *RUN, *SMALL)
    assert "run hill-1 has this plan and failed: a new run begins\n" in again.stderr
    assert names(leanopt, project) == [("hill-2", "finished"), ("hill-1", "failed")]
    leanopt(project, "resume")
    assert names(leanopt, project) == [("hill-2", "finished"), ("hill-1", "finished")]


@pytest.mark.long
def test_a_run_without_a_completed_trial_is_not_shown(project: Path, leanopt) -> None:
    """Whatever kept its trials from completing may be gone."""
    strategy = project / "strategy.py"
    strategy.write_text(
        strategy.read_text().replace("    x, y =", "    Path(os.environ['GIVEN'])\n    x, y =")
        .replace("import os\n", "import os\nfrom pathlib import Path\n")
    )  # fmt: skip
    failing = leanopt(project, *RUN, *SMALL, check=False)
    assert failing.returncode == 5
    assert "8 trials: 0 feasible, 0 infeasible, 8 failed" in failing.stdout
    leanopt(project, *RUN, *SMALL, check=False)
    assert names(leanopt, project) == [("hill-2", "finished"), ("hill-1", "finished")]


def test_resume_has_the_options_that_the_run_began_with(project: Path, leanopt) -> None:
    """Those of the plan and the others; a project, and further options, can be given."""
    given = ("--seed", "0", "--workers", "1", "--allow-unread", "--set", "parameters.mood=1")
    leanopt(project, *RUN, *SMALL, *given)
    unfinish(project)
    done = leanopt(project.parent, "resume", "-C", "project", "--workers", "3", "--json")
    report = json.loads(done.stdout)
    assert (report["run"], report["state"]) == ("hill-1", "finished")
    assert report["execution"]["options"] == {
        "pipeline": "pipeline.toml",
        "sets": ["stage.0.trials=6", "stage.1.trials=2", "parameters.mood=1"],
        "workers": 1,
        "seed": 0,
        "allow_unread": True,
    }
    assert "continues under different conditions:\n  workers: 1, now 3\n" in done.stderr
    assert names(leanopt, project) == [("hill-1", "finished")]


@pytest.mark.long
def test_what_has_changed_is_listed_and_can_be_accepted(project: Path, leanopt) -> None:
    """Nothing of the run to resume changes; the new run has the new plan."""
    leanopt(project, *RUN, *SMALL)
    unfinish(project)
    pipeline = project / "pipeline.toml"
    pipeline.write_text(pipeline.read_text().replace("seed = 7", "seed = 8"))
    for command in (("resume",), ("resume", "hill-1"), (*RUN, *SMALL, "--resume")):
        refused = leanopt(project, *command, check=False)
        assert refused.returncode == 8
        assert "the plan of hill-1 differs in\n  " in refused.stderr
        assert "\n  seed: 7, now 8\n" in refused.stderr
        assert "begin a new run with --accept-changes" in refused.stderr
    assert names(leanopt, project) == [("hill-1", "interrupted")]
    accepted = leanopt(project, "resume", "--accept-changes")
    assert "\n  seed: 7, now 8\n" in accepted.stderr
    assert "--accept-changes" not in accepted.stderr
    assert accepted.stdout.startswith("run hill-2: finished")
    assert "8 trials" in accepted.stdout
    assert names(leanopt, project) == [("hill-2", "finished"), ("hill-1", "interrupted")]


def test_what_cannot_be_resumed_says_why(project: Path, leanopt) -> None:
    """With exit code 8, or 2 where there is no such run."""
    assert "there are no runs in" in leanopt(project, "resume", check=False).stderr
    leanopt(project, *RUN, *SMALL)
    refused = leanopt(project, "resume", check=False)
    assert (refused.returncode, refused.stderr) == (
        8, "leanopt: there is no unfinished run; start one with `leanopt run`\n",
    )  # fmt: skip
    refused = leanopt(project, "resume", "hill-1", check=False)
    assert refused.returncode == 8
    assert "run hill-1 has finished: `leanopt show hill-1` shows it" in refused.stderr
    assert leanopt(project, "resume", "dale", check=False).returncode == 2
    unfinish(project)
    (project / "pipeline.toml").rename(project / "other.toml")
    refused = leanopt(project, "resume", check=False)
    assert refused.returncode == 3
    assert "pipeline.toml" in refused.stderr


def test_options_that_exclude_each_other(project: Path, leanopt) -> None:
    """Before anything runs."""
    for options in (("--again", "--resume"), ("--accept-changes",)):
        refused = leanopt(project, *RUN, *options, check=False)
        assert refused.returncode == 2
        assert "--resume" in refused.stderr
    assert not (project / ".leanopt").exists()


@pytest.mark.long
def test_a_run_at_work_is_watched(project: Path, leanopt, start) -> None:
    """By the same command and by `resume`; once it was killed, `--again` begins another one."""
    process = start(project, *RUN, *SMALL, HILL_DELAY="60")
    assert "stage lhs begins" in next(process.stderr)
    for command in ((*RUN, *SMALL), ("resume",), ("resume", "hill-1")):
        second = leanopt(project, *command, check=False, HILL_DELAY="60")
        assert second.returncode == 8
        assert second.stderr.endswith("watch it with `leanopt watch hill-1`\n")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    again = leanopt(project, *RUN, *SMALL, "--again")
    assert again.stdout.startswith("run hill-2: finished")
    # The newest run of the plan decides.
    assert SHOWN.replace("hill-1", "hill-2") in leanopt(project, *RUN, *SMALL).stderr
    assert leanopt(project, "resume").stdout.startswith("run hill-1: finished")


@pytest.mark.long
def test_a_name_decides_which_run_is_taken(project: Path) -> None:
    """From Python too; the newest run of the plan does not count then."""
    pipeline = project / "pipeline.toml"
    few = {"stage.0.trials": 6, "stage.1.trials": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [leanopt_core.run(pipeline, few, name=name).name for name in "ab"] == ["a", "b"]
    with pytest.warns(UserWarning, match=r"run a has this plan .* Choose another name to begin"):
        assert leanopt_core.run(pipeline, few, name="a").name == "a"
    with pytest.raises(UsageError, match="there is a run a; choose another name"):
        leanopt_core.run(pipeline, few, name="a", again=True)
    with pytest.raises(UsageError, match="run name 'a:1'"):
        leanopt_core.run(pipeline, few, name="a:1")


@pytest.mark.long
def test_python_follows_the_same_rules(project: Path) -> None:
    """With warnings where the command says something."""
    pipeline = project / "pipeline.toml"
    few = {"stage.0.trials": 6, "stage.1.trials": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = leanopt_core.run(pipeline, few)
        assert leanopt_core.run(pipeline, few, again=True).name == "hill-2"
    with pytest.warns(UserWarning, match="run hill-2 has this plan and has finished"):
        assert leanopt_core.run(pipeline, few).name == "hill-2"
    unfinish(project)
    with pytest.warns(UserWarning, match="run hill-2 has this plan and is unfinished"):
        done = leanopt_core.run(pipeline, few)
    assert (done.name, done.searches[0].told) == ("hill-2", first.searches[0].told)
    with pytest.raises(ResumeError, match="there is no unfinished run"):
        leanopt_core.run(pipeline, few, resume=True)
    with pytest.raises(UsageError, match="resume or again"):
        leanopt_core.run(pipeline, few, resume=True, again=True)


@pytest.mark.long
def test_shells_complete_names_of_runs(project: Path, leanopt, monkeypatch) -> None:
    """Those of the project that is given; without a store there are none."""
    parameter = click.Argument(["run"])

    def completed(folder: Path, text: str) -> list[str]:
        context = click.Context(click.Command("resume"))
        context.params["project"] = folder
        return run_names(context, parameter, text)

    assert completed(project, "") == []
    leanopt(project, *RUN, *SMALL)
    leanopt(project, *RUN, *SMALL, "--again")
    assert completed(project, "") == ["hill-2", "hill-1"]
    assert completed(project, "hill-1") == ["hill-1"]
    assert completed(project, "d") == []
    monkeypatch.chdir(project)
    words = {"COMP_WORDS": "leanopt resume h", "COMP_CWORD": "2"}
    shell = leanopt(project, _LEANOPT_COMPLETE="bash_complete", process=True, **words)
    assert shell.stdout == "plain,hill-2\nplain,hill-1\n"
