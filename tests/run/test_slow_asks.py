"""Methods whose asks take longer than the backtests: what `plan` and `run` say, and what to do."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.search.calls import Calls

#: It thinks for `pause` seconds of the clock that tests set, and declares `cost` seconds.
PLUGIN = """
from attrs import field, frozen

from leanopt_core.api import Proposal, StageSpec, hookimpl

LEANOPT_API_VERSION = 2
thought = 0.0


@frozen
class Plain:
    pause: float = 0.0


@frozen
class Silent(Plain):
    asks_per_second: float | None = None


@frozen
class Declaring(Silent):
    cost: float = 0.02

    def ask_seconds(self, trials, lookahead):
        if self.cost < 0:
            return "long"
        return self.cost if self.asks_per_second is None else 0.2 / self.asks_per_second


class Thinker:
    def __init__(self, options, start):
        self.options, self.space = options, start.space

    def ask(self, context):
        global thought
        thought += self.options.pause
        return Proposal(next(iter(self.space.sample(context.seed))), "thought")

    def tell(self, trial, context):
        pass

    def refused(self, point):
        pass


@hookimpl
def leanopt_stages():
    named = {"plain": Plain, "silent": Silent, "declaring": Declaring}
    return [StageSpec(name, "thinking:Thinker", options, "") for name, options in named.items()]
"""

Planned = Callable[..., Mapping[str, Any]]


@pytest.fixture(autouse=True)
def _methods(install) -> None:
    install("thinking", PLUGIN)


@pytest.fixture
def planned(project: Path, leanopt) -> Planned:
    """Return the plan as JSON; the store knows backtests of 50 ms each."""
    sets = ("--set", "stage.lhs.trials=2", "--set", "stage.random.trials=1")
    leanopt(project, "run", "pipeline.toml", *sets)
    with closing(sqlite3.connect(project / ".leanopt" / "leanopt.db")) as store, store:
        store.execute("UPDATE backtests SET seconds = 0.05")

    def plan(*sets: str) -> Mapping[str, Any]:
        arguments = [part for one in sets for part in ("--set", one)]
        said = leanopt(project, "plan", "pipeline.toml", "--json", *arguments)
        found: Mapping[str, Any] = json.loads(said.stdout)
        return found

    return plan


SEARCH = "search.lookahead=64"
SLOW = "stage.random.use=declaring"


def test_a_plan_says_what_is_wanted_made_and_to_be_set(planned: Planned) -> None:
    """16 workers at 20 backtests a second each; asks of 20 ms; of the trials, 24 of 224 need none.

    The longer search has fewer busy workers.
    """
    before = planned("executor.workers=16", SEARCH)
    found = planned("executor.workers=16", SEARCH, "stage.1.name=random", SLOW)
    ((asks,), wanted) = found["time"]["asks"], 320 * before["time"]["utilisation"]
    assert asks["stage"] == "random"
    assert asks["made"] == pytest.approx(50)
    assert asks["wanted"] == pytest.approx(wanted)
    rate = -(-wanted // 10) * 10
    assert asks["set"] == f"stage.random.asks_per_second={rate:.0f}"
    longer = (24 + 200 * wanted / 50) / 224
    assert found["time"]["seconds"] == pytest.approx(before["time"]["seconds"] * longer)
    assert found["time"]["utilisation"] == pytest.approx(before["time"]["utilisation"] / longer)
    (warning,) = found["warnings"]
    assert warning == (
        "workers wait for stage 'random': it makes about 50 asks a second, and they could use "
        f"{wanted:.0f}; --set {asks['set']} makes its asks cheaper (changing it changes the trials)"
    )
    cured = planned("executor.workers=16", SEARCH, "stage.1.name=random", SLOW, asks["set"])
    assert cured["warnings"] == []
    assert cured["time"]["seconds"] == pytest.approx(before["time"]["seconds"])
    assert cured["hash"] != found["hash"]


@pytest.mark.long
def test_few_workers_want_no_more_than_is_made(planned: Planned) -> None:
    """Two workers want 40 asks a second; a method that declares nothing is not spoken of."""
    found = planned("stage.1.name=random", SLOW)
    assert found["warnings"] == []
    assert [one["set"] for one in found["time"]["asks"]] == [None]
    assert planned()["time"]["asks"] == []
    assert planned("stage.random.use=silent")["time"]["asks"] == []


@pytest.mark.long
def test_the_stage_is_named_so_that_set_finds_it(planned: Planned) -> None:
    """By its place, if its name is no bare key."""
    name = 'stage.1.name="the end"'
    (asks,) = planned("executor.workers=16", SEARCH, name, "stage.1.use=declaring")["time"]["asks"]
    assert asks["set"].startswith("stage.1.asks_per_second=")
    planned("stage.1.use=declaring", asks["set"])


def test_what_is_no_number_is_the_plugins_fault(project: Path, planned: Planned, leanopt) -> None:
    """It is named, with what it returned."""
    sets = ("--set", "stage.1.use=declaring", "--set", "stage.1.cost=-1")
    said = leanopt(project, "plan", "pipeline.toml", *sets, check=False)
    assert said.returncode == 4
    assert (
        "stage 'declaring' (thinking 1.0), asked for its ask_seconds: it returned 'long', expected "
        "a number of seconds above 0" in said.stderr
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run's clock be ahead by what the method has thought."""

    def now() -> float:
        return time.monotonic() + getattr(sys.modules.get("thinking"), "thought", 0.0)

    monkeypatch.setattr("leanopt_core.search.interrupt.Calls", partial(Calls, now))


WAITING = re.compile(
    r"warning: workers wait for stage '\w+': it makes about 1\d asks a second, and they could use "
    r"[\d,]+; (.*)"
)


@pytest.mark.alike(1)
@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("use", "more", "advised"),
    [
        ("silent", (), r"--set stage\.silent\.asks_per_second=\d+ makes its asks cheaper .*"),
        ("silent", ("stage.0.asks_per_second=1000000",), "--workers 1 would be as fast"),
        ("plain", (), "--workers 1 would be as fast"),
    ],
)
def test_a_run_says_once_that_workers_wait(
    project: Path, leanopt, use: str, more: tuple[str, ...], advised: str
) -> None:
    """On screen and in the log, with the option to set if there is one."""
    sets = ("stage.1.trials=1", f"stage.0.use={use}", "stage.0.trials=150", "stage.0.pause=0.08")
    arguments = [part for one in (*sets, *more) for part in ("--set", one)]
    said = leanopt(project, "run", *arguments, "--log", "log")
    (shown,) = WAITING.findall(said.stderr)
    assert re.fullmatch(advised, shown)
    (logged,) = WAITING.findall((project / "log").read_text())
    assert logged == shown


@pytest.mark.long
@pytest.mark.usefixtures("clock")
def test_a_method_that_answers_at_once_is_not_spoken_of(project: Path, leanopt) -> None:
    """However short its backtests are."""
    said = leanopt(project, "run", "--set", "stage.0.use=plain")
    assert "wait for" not in said.stderr
