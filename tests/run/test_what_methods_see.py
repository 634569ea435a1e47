"""A method sees the same of a trial after a kill, and its explanations are kept and shown."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

PLUGIN = """
import json
import os

from leanopt_core.api import hookimpl
from leanopt_core.specs import StageSpec
from leanopt_core.trial import Proposal


class Listener:
    '''Writes down all that it is told; each proposal depends on what its last tell drew.'''

    def __init__(self, options, start):
        self.space, self.drawn = start.space, 0

    def ask(self, context):
        because = {"drawn": self.drawn, "told": [told.number for told in context.history[-2:]]}
        for point in self.space.sample(self.drawn):
            if context.history.find(point) is None:
                return Proposal(point, "drawn", because)

    def tell(self, trial, context):
        self.drawn = context.random().randrange(10**6)
        heard = {
            "number": trial.number,
            "drawn": [self.drawn, int(context.generator().integers(10**6))],
            "statistics": {n: s and dict(s.values) for n, s in trial.statistics.items()},
            "failures": {n: [f.category, f.message, f.outside] for n, f in trial.failures.items()},
            "values": dict(trial.score.values),
            "history": [dict(context.history[-1].values), context.history[-1].objectives],
            "complete": [trial.complete, context.history[-1].complete],
        }
        with open(os.environ["HEARD"], "a") as file:
            file.write(json.dumps(heard) + "\\n")
        if str(trial.number) == os.environ.get("DIE_AT"):
            os.kill(os.getpid(), 9)

    def refused(self, point):
        self.drawn += 1


def make_stage(options, start):
    return Listener(options, start)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages():
    return [StageSpec("listener", "listener:make_stage", help="Listens")]
"""

STAGE = """
[[scenario]]
name = "calm"

[[scenario]]
name = "wild"
symbol = "W"

[[stage]]
use = "listener"
patience = 25
"""


@pytest.fixture
def listening(project: Path, install) -> Path:
    """The project with the listening stage alone, under two scenarios; one fails more often."""
    install("listener", PLUGIN)
    pipeline, strategy = project / "pipeline.toml", project / "strategy.py"
    pipeline.write_text(pipeline.read_text().partition("[[stage]]")[0] + STAGE)
    failing = '    if scenario.symbol and x % 5 == 0:\n        raise KeyError("wild")\n    profit ='
    strategy.write_text(strategy.read_text().replace("    profit =", failing))
    return project


def heard(file: Path) -> list[dict]:
    """Return what the stage wrote down."""
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.long
@pytest.mark.slow
def test_a_replayed_trial_is_told_as_it_was(
    listening: Path, site: Path, tmp_path: Path, leanopt
) -> None:
    """Killed with `kill -9` while it is told trial 20, and resumed with more workers."""
    whole, killed, resumed = (tmp_path / name for name in ("whole", "killed", "resumed"))
    run = ("run", "pipeline.toml")
    with_stage = {"PYTHONPATH": str(site), "process": True}
    ended = leanopt(listening, *run, check=False, HEARD=str(killed), DIE_AT="20", **with_stage)
    assert ended.returncode == -signal.SIGKILL
    leanopt(listening, *run, "--resume", "--workers", "3", HEARD=str(resumed), **with_stage)
    dump = leanopt(listening, "export", "--canonical").stdout
    (listening / ".leanopt" / "leanopt.db").rename(tmp_path / "old.db")
    leanopt(listening, *run, HEARD=str(whole), **with_stage)
    assert heard(resumed) == heard(whole)
    assert heard(killed) == heard(whole)[:20]
    assert leanopt(listening, "export", "--canonical").stdout == dump
    told = heard(whole)
    assert {tuple(one["statistics"]) for one in told} == {("calm", "wild")}
    assert {tuple(one["failures"]) for one in told} == {(), ("wild",), ("calm", "wild")}
    failed = next(one for one in told if tuple(one["failures"]) == ("wild",))
    category, message, outside = failed["failures"]["wild"]
    assert (category, outside) == ("strategy error", False)
    assert "KeyError: 'wild'" in message
    assert failed["statistics"]["calm"]["Total Orders"] > 0
    assert failed["statistics"]["wild"] is None
    assert all(one["complete"] == [True, True] for one in told)


def test_why_a_trial_was_proposed_is_shown(
    listening: Path, site: Path, tmp_path: Path, leanopt, shown
) -> None:
    """Told or withdrawn, to people and programs, in exports; not in the canonical dump."""
    file = tmp_path / "heard"
    leanopt(listening, "run", "pipeline.toml", HEARD=str(file), PYTHONPATH=str(site))
    told = heard(file)
    drawn = told[0]["drawn"][0]
    # With a lookahead of 5, trial 6 is the first one proposed after a tell.
    assert shown(listening, "6")["because"] == {"drawn": drawn, "told": [1]}
    text = leanopt(listening, "show", "6").stdout
    assert f"\n\nbecause  value\ndrawn    {drawn}\ntold     [1]\n\nscore" in text
    withdrawn = shown(listening, str(told[-1]["number"] + 2))
    assert withdrawn["state"] == "withdrawn"
    assert set(withdrawn["because"]) == {"drawn", "told"}
    failed = next(one["number"] for one in told if one["failures"])
    document = shown(listening, str(failed))
    assert set(document["because"]) == {"drawn", "told"}
    assert document["reasons"]
    lines = leanopt(listening, "export").stdout.splitlines()
    trials = [json.loads(line) for line in lines if '"event"' not in line]
    assert all(set(trial["because"]) == {"drawn", "told"} for trial in trials)
    assert "because" not in leanopt(listening, "export", "--canonical").stdout
