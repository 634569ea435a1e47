"""Names and notes of runs, what is called at their end, and what leanopt leaves in a folder."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.cli.generations import Generations
from leanopt_core.search.events import StageEnded, TrialTold
from leanopt_core.sinks.base import TrialRecord
from leanopt_core.trial import Score, Trial

pytestmark = pytest.mark.slow

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
SHORT = ("run", "pipeline.toml", "--set", "stage.0.trials=3", "--set", "stage.1.trials=2")


def names(folder: Path, leanopt: Leanopt) -> list[str]:
    """Return the names of the runs, the newest first."""
    return [run["name"] for run in json.loads(leanopt(folder, "runs", "--json").stdout)["runs"]]


@pytest.mark.long
def test_a_name_is_unique_and_taken_wherever_a_run_is_named(project: Path, leanopt) -> None:
    """A run of the name is shown again; with another plan, or with --again, it is an error."""
    leanopt(project, *SHORT, "--name", "baseline")
    assert leanopt(project, "show", "base").stdout.startswith("run baseline: finished")
    again = leanopt(project, *SHORT, "--name", "baseline")
    assert "baseline has this plan and has finished" in again.stderr
    other = leanopt(project, *SHORT, "--seed", "9", "--name", "baseline", check=False)
    assert other.returncode == 2
    assert "there is a run baseline with another plan" in other.stderr
    assert leanopt(project, *SHORT, "--again", "--name", "baseline", check=False).returncode == 2
    leanopt(project, *SHORT, "--name", "second")
    assert names(project, leanopt) == ["second", "baseline"]
    first, second = (
        leanopt(project, "export", name, "--canonical").stdout for name in ("baseline", "second")
    )
    assert first == second
    assert leanopt(project, "compare", "baseline:1", "second:1").returncode == 0


def test_commands_that_are_proposed_quote_a_name(project: Path, leanopt) -> None:
    """They can be pasted as they are."""
    said = leanopt(project, *SHORT, "--name", "my run").stdout
    (line,) = (one for one in said.splitlines() if "details of the best trial" in one)
    command = shlex.split(line.partition("leanopt ")[2])
    assert leanopt(project, *command).stdout.startswith(f"trial {command[2]} of my run,")


@pytest.mark.long
def test_a_chosen_name_that_looks_like_a_counted_one_is_left_out(project: Path, leanopt) -> None:
    """The counter goes on behind it."""
    leanopt(project, *SHORT, "--name", "slope-2")
    for seed in ("1", "2"):
        leanopt(project, *SHORT, "--seed", seed)
    assert names(project, leanopt) == ["slope-4", "slope-3", "slope-2"]


@pytest.mark.parametrize(
    "name", ["", "../x", ".hidden", "a/b", "a:1", "-v", "17", " a", "a\nb", "x" * 300]
)
def test_a_name_that_could_mean_something_else_is_refused(
    name: str, project: Path, leanopt
) -> None:
    """Before anything is made."""
    done = leanopt(project, *SHORT, f"--name={name}", check=False)
    assert (done.returncode, done.stderr.startswith("leanopt: run name ")) == (2, True)
    assert not (project / ".leanopt").exists()


def test_a_note_is_kept_shown_and_removed(project: Path, leanopt) -> None:
    """By runs and show, for people and as JSON; an empty one is none."""
    leanopt(project, *SHORT)
    leanopt(project, "note", "slope-1", "before the \x1b[31mnew stop")
    assert "before the ?[31mnew stop" in leanopt(project, "runs").stdout
    assert "\nnote: before the ?[31mnew stop\n" in leanopt(project, "show").stdout
    assert json.loads(leanopt(project, "show", "--json").stdout)["note"].startswith("before")
    removed = leanopt(project, "note", "slope", "", "--json")
    assert json.loads(removed.stdout) == {"run": "slope-1", "note": None}
    assert "note" not in leanopt(project, "runs").stdout


def test_a_command_is_called_with_the_result(project: Path, leanopt) -> None:
    """Split into words without a shell; what it prints goes to standard error, not into JSON."""
    script = project / "tell me.sh"
    script.write_text('#!/bin/sh\necho "$1|$2"; env | grep ^LEANOPT_ | sort > told; exit 3\n')
    script.chmod(0o755)
    done = leanopt(project, *SHORT, "--json", "--notify", "'./tell me.sh' '$HOME' a\\ b")
    assert json.loads(done.stdout)["state"] == "finished"
    assert "\n$HOME|a b\n" in done.stderr
    assert "failed with exit code 3" in done.stderr
    best = json.loads(leanopt(project, "show", "--json").stdout)["best"][0]
    told = dict(line.split("=", 1) for line in (project / "told").read_text().splitlines())
    assert told == {
        "LEANOPT_BEST": repr(best["fitness"]),
        "LEANOPT_BEST_TRIAL": str(best["trial"]),
        "LEANOPT_CHOSEN": repr(best["fitness"]),
        "LEANOPT_CHOSEN_TRIAL": str(best["trial"]),
        "LEANOPT_PROJECT": str(project),
        "LEANOPT_RUN": "slope-1",
        "LEANOPT_STATE": "finished",
    }


def test_a_run_that_fails_is_told_of_too(project: Path, leanopt) -> None:
    """Without a run there is no name and no best."""
    done = leanopt(
        *(project, *SHORT, "--set", "strategy.entry=none.py:run"),
        *("--notify", "sh -c 'echo $LEANOPT_STATE:$LEANOPT_RUN:$LEANOPT_BEST.'"),
        check=False,
    )
    assert done.returncode == 5
    assert "failed::.\n" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("no-such-program now", "there is no program 'no-such-program'"),
        ("'echo", "no closing quotation"),
        (" ", "expected a command"),
    ],
)
def test_a_command_that_cannot_be_called_is_refused_first(
    given: str, said: str, project: Path, leanopt
) -> None:
    """And not after hours."""
    done = leanopt(project, *SHORT, "--notify", given, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (project / ".leanopt").exists()


@pytest.mark.long
def test_the_folder_is_kept_from_git_and_a_deleted_run_leaves_no_lock(
    project: Path, start, leanopt
) -> None:
    """A killed run leaves its lock, and JSON calls it killed, too."""
    process = start(project, "run", "pipeline.toml", "--set", "parameters.kind=held")
    assert next(process.stderr) == "stage lhs begins\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    state = project / ".leanopt"
    assert (state / ".gitignore").read_text() == "*\n"
    assert (state / "locks" / "slope-1.lock").exists()
    for command in (("runs", "--json"), ("show", "--json")):
        assert '"state":"killed"' in leanopt(project, *command).stdout
    leanopt(project, "delete", "slope-1", "--yes")
    assert list((state / "locks").glob("slope*")) == []
    leanopt(project, *SHORT)
    done = leanopt(project, "resume", "slope-1", check=False)
    assert done.returncode == 8
    assert "`leanopt run pipeline.toml --again`" in done.stderr
    if shutil.which("git"):
        subprocess.run(["git", "init", "-q"], cwd=project, check=True)
        listed = subprocess.run(
            ["git", "status", "--porcelain"],
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ".leanopt" not in listed.stdout


@pytest.mark.long
def test_the_log_has_each_generation(project: Path, leanopt) -> None:
    """Of a method that names them: how many trials, the best fitness, the mean."""
    sets = (
        "--set",
        'stage=[{ use = "ga_deap", population_size = 6, batch_size = 5, n_generations = 3 }]',
    )
    log = leanopt(project, "run", "pipeline.toml", *sets, "--verbose").stderr
    lines = [line.partition(" ")[2] for line in log.splitlines() if " generation " in line]
    trials = [json.loads(one) for one in leanopt(project, "export").stdout.splitlines()]
    trials = [one for one in trials if one.get("state") == "completed"]
    for number in {one["because"]["generation"] for one in trials}:
        fitness = [one["fitness"] for one in trials if one["because"]["generation"] == number]
        assert (
            f"generation {number} of ga_deap in search 1: {len(fitness)} trials, {len(fitness)} "
            f"feasible, best {max(fitness):.6g}, mean {sum(fitness) / len(fitness):.6g}"
        ) in lines
    assert len(lines) == len({one["because"]["generation"] for one in trials}) > 1


def test_generations_of_a_lowest_fitness_and_without_a_feasible_trial() -> None:
    """The best has the highest objective; a method without generations has no lines."""
    seen = Generations()

    def told(number: int, score: Score, because: str | None) -> str | None:
        trial = Trial(number, "breed", (0,), "", score)
        return seen.ended(TrialTold(TrialRecord(1, trial, {}, {}), False, because))

    assert told(1, Score(fitness=3.0, objective=-3.0), None) is None
    assert told(2, Score(fitness=3.0, objective=-3.0), '{"generation":0}') is None
    assert told(3, Score(fitness=1.0, objective=-1.0), '{"generation":0}') is None
    line = told(4, Score(failure="timeout"), '{"generation":1}')
    assert line == ("generation 0 of breed in search 1: 2 trials, 2 feasible, best 1, mean 2")
    end = seen.ended(StageEnded(1, "breed", "trials"))
    assert end == "generation 1 of breed in search 1: 1 trial, 0 feasible"
    assert seen.ended(StageEnded(1, "breed", "trials")) is None
