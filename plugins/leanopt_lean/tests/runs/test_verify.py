"""Order hashes of LEAN, and `leanopt verify` of a LEAN run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from attrs import frozen
from leanopt_lean.engine import LeanEngine, create
from leanopt_lean.options import LeanStrategy

from leanopt_core.work import Answer
from plugins.leanopt_lean.tests.runs.conftest import Project

pytestmark = pytest.mark.long  # `make test` runs a few of them

DOCUMENTS = Path(__file__).parents[4] / "tests" / "lean-results" / "documents"
Run = Callable[..., str]


@frozen
class Left:
    """What LEAN left: a results folder."""

    folder: Path

    def names(self) -> Sequence[str]:
        """Return the names in the request's folder."""
        return sorted(f"results/{path.name}" for path in self.folder.iterdir())

    def open(self, name: str) -> BinaryIO:
        """Open one of them."""
        return (self.folder / name.removeprefix("results/")).open("rb")

    def remove(self) -> None:
        """Leave what is recorded."""


@pytest.fixture
def engine(tmp_path: Path) -> LeanEngine:
    """An engine that only reads answers."""
    return create(LeanStrategy(Path("project"), Path("data")), tmp_path)


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("case", "known"),
    [
        ("completed", "c6bb8b0db9831a047ada44d668a5dd41"),
        ("zero-orders", "d41d8cd98f00b204e9800998ecf8427e"),
        ("process-exit", None),
    ],
)
def test_the_launcher_logs_an_order_hash(engine: LeanEngine, case: str, known: str | None) -> None:
    """Where it ends by itself."""
    answer = Answer({"status": "complete"}, Left(DOCUMENTS / case))
    assert engine.fingerprint(answer) == known


def test_warm_lean_names_an_order_hash(engine: LeanEngine) -> None:
    """In its answer; it is empty if there was no algorithm."""
    assert engine.fingerprint(Answer({"status": "complete", "order_hash": "c6bb"})) == "c6bb"
    assert engine.fingerprint(Answer({"status": "error", "order_hash": ""})) is None


def test_warm_is_verified_against_the_launcher(run: Run) -> None:
    """Statistics and order hashes are equal; an unknown harness is refused."""
    run("run", "pipeline.toml", "--set", "strategy.harness=warm")
    said = run("verify", "spy-1", "--best", "3", "--against", "launcher")
    assert "3 backtests of run spy-1: all equal on harness 'launcher'" in said
    assert len(re.findall("^ *[0-9]+  default   equal   [0-9a-f]{32}$", said, re.MULTILINE)) == 3
    assert "has no harness 'luncher'" in run("verify", "spy-1", "--against", "luncher", code=2)


@pytest.mark.parametrize("harness", ["warm", "launcher"])
def test_order_hashes_are_stored_and_compared(run: Run, harness: str) -> None:
    """Without another harness, each backtest runs once more."""
    run("run", "pipeline.toml", "--set", f"strategy.harness={harness}")
    said = run("verify", "spy-1", "--best", "2")
    assert "2 backtests of run spy-1: all equal on fresh workers" in said
    assert len(re.findall("^ *[0-9]+  default   equal   [0-9a-f]{32}$", said, re.MULTILINE)) == 2


def test_data_that_counts_on_the_launcher_only_has_not_changed(run: Run, lean: Project) -> None:
    """The Launcher does not set the end, so prices after it count there; data of the run count."""
    lean.edit(
        "Initialize()\n        {",
        "Initialize()\n        { var other = Resolution.Minute;",
        "EmaBands/EmaBands.cs",
    )
    later = lean.folder / "data" / "equity" / "usa" / "minute" / "spy" / "20200102_trade.zip"
    later.parent.mkdir(parents=True, exist_ok=True)
    later.write_text("later")
    run("run", "pipeline.toml", "--set", "stage.surrogate.trials=4")
    verified = ("verify", "spy-1", "--best", "1", "--against", "launcher")
    assert "changed since" not in run(*verified)
    (later.parent / "20040102_trade.zip").write_text("of the run")
    assert "the data of scenario default has changed since run spy-1" in run(*verified)


def test_a_store_that_was_moved_is_verified_where_it_is(
    run: Run, lean: Project, leanopt, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Paths of its pipeline start from its folder."""
    run("run", "pipeline.toml", "--set", "strategy.harness=launcher")
    moved = lean.folder.rename(tmp_path_factory.mktemp("moved") / "project")
    arguments = ("verify", "spy-1", "--best", "1", "--against", "launcher", "--json")
    done = leanopt(moved, *arguments, **lean.environment)
    assert json.loads(done.stdout)["equal"] is True
