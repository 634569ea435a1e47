"""An engine that can read no answer leaves nothing in the store that a fixed one would not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blame.broken import Broken

#: A stage whose proposals depend on what it was told.
SOURCE = """
class Stage(Stage):
    seen = ""

    def ask(self, context):
        import random
        seed = random.Random(f"{{context.seed}} {{self.seen}}").getrandbits(60)
        return Proposal(next(iter(self.space.sample(seed))))

    def tell(self, trial, context):
        self.seen += repr((trial.score.objective, trial.failures))

class Engine(Engine):
    answers = 0

    def read(self, *arguments):
        self.answers += 1
        if {broken}:
            raise KeyError("profit")
        return super().read(*arguments)
"""
FIRST = "the same for each of the first 3 answers"


def run(broken: Broken, when: str, *arguments: str) -> tuple[int, str]:
    """Run with an engine that reads nothing `when` this holds; return exit code and errors."""
    broken("engine", SOURCE.format(broken=when), uses=("stage",))
    completed = broken.run(*arguments)
    return completed.returncode, completed.stderr


def dump(broken: Broken) -> str:
    """Return the canonical dump of the only run."""
    return str(
        broken.leanopt(broken.project, "export", "blame-1", "--to", "jsonl", "--canonical").stdout
    )


def failures(broken: Broken) -> list[int]:
    """Return the numbers of the failed trials."""
    lines = map(json.loads, dump(broken).splitlines())
    return [line["number"] for line in lines if line.get("state") == "failed"]


@pytest.fixture
def sound(tmp_path: Path, leanopt) -> Broken:
    """The same project, whose engine is never broken."""
    (tmp_path / "sound").mkdir()
    return Broken(tmp_path / "sound", leanopt)


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 2, 5])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_resumed_run_is_the_one_that_was_never_broken(
    broken: Broken, sound: Broken, lookahead: int, workers: int
) -> None:
    """With a lookahead below 3, the same backtests are run again until it is sure."""
    sets = (
        *("--set", f"search.lookahead={lookahead}"),
        *("--set", f"executor.workers={workers}"),
    )
    code, errors = run(broken, "True", *sets)
    assert (code, FIRST in errors) == (4, True), errors
    assert broken.told() == 0
    code, errors = run(broken, "False", *sets, "--resume")
    assert code == 0, errors
    assert run(sound, "False", *sets)[0] == 0
    assert failures(broken) == []
    assert dump(broken) == dump(sound)


@pytest.mark.alike(1)
@pytest.mark.parametrize("lookahead", [1, 4])
def test_an_engine_that_reads_its_second_answer_is_forgiven_the_first(
    broken: Broken, sound: Broken, lookahead: int
) -> None:
    """The backtest whose answer could not be read is run again."""
    sets = ("--set", f"search.lookahead={lookahead}")
    assert run(broken, "self.answers == 1", *sets)[0] == 0
    assert run(sound, "False", *sets)[0] == 0
    assert dump(broken) == dump(sound)


def test_a_backtest_that_can_never_be_read_fails(broken: Broken) -> None:
    """The engine has read others."""
    when = "arguments[1].parameters['x'] % 2"
    code, errors = run(broken, when, "--set", "search.lookahead=8", "--set", "stage.0.trials=20")
    assert code == 0, errors
    odd = [
        line["number"]
        for line in map(json.loads, dump(broken).splitlines())
        if line.get("parameters", {}).get("x", 0) % 2
    ]
    assert failures(broken) == odd
    assert odd
