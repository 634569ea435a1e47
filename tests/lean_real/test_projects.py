"""Real LEAN and leanopt with each project of tests/lean/projects: facts, and five backtests.

With LEANOPT_RECORD=1 the facts are written to tests/lean/facts.json, else compared with it.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from regression.launcher import Launched

from leanopt_core.pipeline.toml import toml_value
from tests.lean.collection import FACTS, Project, facts, projects
from tests.lean_real.conftest import LIMIT, PYTHON, Real

pytestmark = pytest.mark.slow

RECORD = "LEANOPT_RECORD" in os.environ
TRIALS = 5
#: LEAN's log has a line of each subscription; internal ones are of its own, as the benchmark's.
_ADDED = re.compile(r"AddSubscription\(\): Added ([^,]+),#0,([^,]+),(\w+),(.*?)\. Start")
_PRICES = re.compile(r"^/(\w+/\w+/(tick|second|minute|hour|daily)/([^/_.]+))", re.MULTILINE)


@frozen
class Laid:
    """A project laid out in `folder`, its pipeline beside it."""

    project: Project
    folder: Path
    real: Real

    @property
    def pipeline(self) -> Path:
        """Return the pipeline that `leanopt init` writes."""
        return self.folder.with_suffix(".toml")

    def prepare(self, leanopt) -> None:
        """Write the pipeline, unless `init` refuses to, and compile."""
        if self.pipeline.exists():
            return
        named = ("--algorithm", self.project.algorithm) if self.project.algorithm else ()
        folder, name = self.folder.parent, self.folder.name
        (folder / ".env").write_text(f"LEAN_DATA={self.real.data}\n")
        leanopt(folder, "init", name, "-o", self.pipeline.name, *named, check=False)
        if self.project.language == "csharp":
            leanopt(folder, *self.words("plan"), check=False)

    def words(self, command: str) -> Iterator[str]:
        """Yield a command's words; a process runs five trials."""
        yield from (command, self.pipeline.name, "--workers", "1")
        yield from ("--set", "executor={ use = 'process' }")
        yield from ("--set", f"strategy.launcher={self.real.lean}")
        yield from ("--set", f"stage=[{{ use = 'random', trials = {TRIALS} }}]")
        for name, values in self.project.space.items():
            yield from ("--set", f"parameters.{name}={toml_value(values)}")

    def strategy(self) -> Path:
        """Return what LEAN loads: `main.py`, or the assembly that leanopt compiled."""
        if self.project.language == "python":
            return self.folder / "main.py"
        builds = self.folder.parent / ".leanopt" / "builds"
        (assembly,) = builds.glob(f"*/**/bin/{self.folder.name}.dll")
        return assembly

    def config(self) -> dict[str, Any]:
        """Return LEAN's configuration with what the strategy cannot do without."""
        name = self.project.algorithm or ""
        return self.real.config(self.strategy(), name, **self.project.given)


@frozen
class Launch:
    """One project's backtests: in the stock Launcher, and warm without and with a scenario."""

    cold: Launched
    warm: dict[str, Any]
    drafted: dict[str, Any] | None


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of builds that all projects share: the harness is compiled once."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(scope="module", params=list(projects()), ids=lambda one: one.name)
def laid(request: pytest.FixtureRequest, real: Real, builds: Path, tmp_path_factory) -> Laid:
    """Return a project in a folder of its own."""
    if request.param.language == "python" and not Path(os.environ.get(PYTHON, "")).is_file():
        pytest.skip(f"needs Python for LEAN: {PYTHON} names its shared library")
    folder = tmp_path_factory.mktemp("project")
    (folder / ".leanopt").mkdir()
    (folder / ".leanopt" / "builds").symlink_to(builds)
    return Laid(request.param, request.param.lay_out(folder), real)


@pytest.fixture(scope="module")
def launch(laid: Laid, cold, leanopt) -> Launch:
    """Run the project's backtests; one with what `init` found where that wrote a pipeline."""
    laid.prepare(leanopt)
    config = laid.config()
    process = laid.real.serve(laid.strategy(), laid.folder.parent)
    request = {"config": config, "outputs": []}
    try:
        warm = process.ask(request, LIMIT)
        drafted = None
        if laid.pipeline.exists():
            drafted = process.ask({**request, "scenario": scenario(laid.pipeline)}, LIMIT)
    finally:
        process.end()
    return Launch(cold({**config, "debug-mode": True}), warm, drafted)


def test_commands(laid: Laid, leanopt) -> None:
    """`init`, `check`, `plan` and five backtests: all complete, or all say the same reason."""
    laid.prepare(leanopt)
    for command in ("check", "plan", "run"):
        done = leanopt(laid.folder.parent, *laid.words(command), check=False)
        if command == "check" and not done.returncode:
            continue  # only the others look at data
        assert bool(done.returncode) == bool(laid.project.refused), done.stderr
        assert laid.project.refused in done.stderr
    if not laid.project.refused:
        dump = leanopt(laid.folder.parent, "export", "--to", "jsonl", "--canonical").stdout
        trials = [json.loads(line) for line in dump.splitlines()]
        told = [one["failure"] for one in trials if one.get("state") in ("completed", "failed")]
        plan = leanopt(laid.folder.parent, *laid.words("plan"), "--json").stdout
        assert told == [None] * min(TRIALS, json.loads(plan)["space"]["grid"])


def test_facts(laid: Laid, launch: Launch) -> None:
    """LEAN does what is recorded."""
    seen = observed(launch)
    if RECORD:
        known = facts() if FACTS.exists() else {}
        known[laid.project.name] = seen
        ordered = {one.name: known[one.name] for one in projects() if one.name in known}
        FACTS.write_text(f"{json.dumps(ordered, indent=1)}\n")
    assert facts()[laid.project.name] == seen


def test_draft(launch: Launch) -> None:
    """Warm LEAN does the same, with the dates and the cash that `init` found too."""
    own = outcome(launch.cold.document["statistics"])
    assert outcome(launch.warm["statistics"]) == own
    assert launch.drafted is not None
    assert outcome(launch.drafted["statistics"]) == own


def observed(launch: Launch) -> dict[str, Any]:
    """Return what stock LEAN did with a project, and what the harness saw it read."""
    document, folder = launch.cold.document, launch.cold.results
    configuration = document["algorithmConfiguration"]
    requests = [one.read_text() for one in folder.glob("*-data-requests-*.txt")]
    missing = [one.read_text() for one in folder.glob("failed-data-requests-*.txt")]
    added = _ADDED.findall(launch.cold.printed)
    types = {"types": launch.warm["read_types"]} if "read_types" in launch.warm else {}
    return {
        "status": document["state"]["Status"],
        "read": launch.warm["read"],
        **types,
        "start": day(configuration["startDate"]),
        "end": day(configuration["endDate"]),
        "currency": configuration["accountCurrency"],
        **outcome(document["statistics"]),
        "data": prices(requests, added),
        "missing": prices(missing, added),
        "errors": errors(launch.cold.printed),
    }


def scenario(pipeline: Path) -> dict[str, Any]:
    """Return the dates and the cash of a pipeline, as the warm harness is told them."""
    said = tomllib.loads(pipeline.read_text())["scenario"]
    passed = {"start": "startDate", "end": "endDate", "cash": "InitialCash"}
    told = {key: said[key] for key in passed if key in said}
    return {key: one.isoformat() if isinstance(one, date) else one for key, one in told.items()}


def outcome(statistics: dict[str, str]) -> dict[str, str]:
    """Return by what two backtests are told from each other."""
    return {name: statistics[name] for name in ("Start Equity", "End Equity", "Total Orders")}


def day(text: str) -> str:
    """Return a date; one that depends on when it was asked for, as such."""
    written = text.partition("T")[0]
    today = datetime.now(UTC).date()
    recent = {(today - timedelta(days)).isoformat() for days in range(3)}
    return "when it runs" if written in recent else written


def prices(requests: list[str], added: list[tuple[str, ...]]) -> list[str]:
    """Return which prices the strategy's own subscriptions made LEAN look for."""
    own = {
        (mapped.strip("/?").upper(), resolution.lower())
        for _, mapped, resolution, more in added
        if not more.endswith("Internal")
    }
    return sorted(
        {
            path
            for text in requests
            for path, resolution, ticker in _PRICES.findall(text)
            if any(one.startswith(ticker.upper()) and with_ == resolution for one, with_ in own)
        }
    )


def errors(printed: str) -> list[str]:
    """Return what LEAN logged of parameters as errors; other errors can be a busy machine's."""
    return sorted(set(re.findall(r"ERROR:: .*?(Error applying parameter[^\n]*)", printed)))
