"""What leanopt says of LEAN projects is what LEAN did with them, as `facts.json` has it.

Without LEAN: `tests/lean_real/test_projects.py` records the facts, and runs every project.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen
from click.testing import CliRunner
from leanopt_lean.required_data import wanted
from leanopt_lean.source import StrategySource, scan

from leanopt_core.cli.group import leanopt
from leanopt_core.work import Scenario
from tests.lean.collection import PAGE, Project, facts, projects, with_table

FACTS = facts()


@frozen
class Said:
    """What is said of a project: by its source's reader, and by the pipeline that `init` wrote."""

    project: Project
    source: StrategySource
    pipeline: dict[str, Any]
    lean: dict[str, Any]

    def unsure(self, what: str) -> bool:
        """Say whether only a run can tell something."""
        return what in self.project.unsure


@pytest.fixture(
    scope="module",
    params=[one for one in projects() if one.name in FACTS],
    ids=lambda one: one.name,
)
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Have a project read, and a pipeline written."""
    project: Project = request.param
    folder = project.lay_out(tmp_path_factory.mktemp("project"))
    named = ["--algorithm", project.algorithm] if project.algorithm else []
    CliRunner().invoke(leanopt, ["init", str(folder), *named])
    pipeline = tomllib.loads((folder / "pipeline.toml").read_text())
    return Said(project, scan(folder, project.algorithm), pipeline, FACTS[project.name])


def test_names(said: Said) -> None:
    """LEAN reads exactly these parameters; where some are unsure, these at least."""
    read = set(said.lean["read"])
    if said.unsure("names"):
        assert said.source.unsure
        assert said.source.reads <= read
    else:
        assert said.source.unsure == ()
        assert said.source.reads == read


def test_proposed(said: Said) -> None:
    """`init` proposes what LEAN reads and no scenario sets, and nothing else."""
    scenario = said.pipeline["scenario"]
    passed = {"start": "startDate", "end": "endDate", "cash": "InitialCash", "symbol": "ticker"}
    names = {key: name for key, name in passed.items() if name in said.source.reads}
    told = {name for key, name in {**names, **scenario.get("pass_as", {})}.items()}
    proposed = set(said.pipeline["parameters"])
    read = set(said.lean["read"])
    assert proposed <= read
    assert said.unsure("names") or proposed == read - told - said.project.left_out


@pytest.mark.parametrize("key", ["start", "end"])
def test_dates(said: Said, key: str) -> None:
    """LEAN's first and last day are those of the pipeline, which has none that is unsure."""
    known = said.pipeline["scenario"].get(key)
    assert (known is None) == said.unsure(key)
    assert known is None or known == date.fromisoformat(said.lean[key])


def test_cash(said: Said) -> None:
    """LEAN begins with the pipeline's cash."""
    known = said.pipeline["scenario"].get("cash")
    assert (known is None) == said.unsure("cash")
    assert known is None or Decimal(known) == Decimal(said.lean["Start Equity"])


def test_data(said: Said) -> None:
    """LEAN looks for the prices that leanopt looks for."""
    scenario = said.pipeline["scenario"]
    extras = {key: scenario[key] for key in ("resolution", "market") if key in scenario}
    series = wanted(said.source, Scenario(symbol=scenario.get("symbol"), extras=extras))
    looked = {
        f"{one.security_type}/{one.market}/{one.resolution}/{one.symbol.lower()}" for one in series
    }
    if said.unsure("data"):
        assert looked < set(said.lean["data"])
    else:
        assert looked == set(said.lean["data"])


def test_types(said: Said) -> None:
    """LEAN takes a parameter for the type that the source's reader tells."""
    lean = {
        name: frozenset([types] if isinstance(types, str) else types)
        for name, types in said.lean["types"].items()
    }
    # Of what is looked up among all parameters LEAN knows no type: it is a text.
    told = {
        name: types
        for name, types in said.source.read_types.items()
        if name in lean or types != {"text"}
    }
    if said.unsure("names") or said.unsure("types"):
        told = {name: told[name] for name in told.keys() & lean.keys()}
        lean = {name: lean[name] for name in told}
    assert told == lean


def test_table() -> None:
    """The page has the table of these projects: `python -m tests.lean.collection` writes it."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page
    assert set(FACTS) <= {one.name for one in projects()}
