"""Several `[[fitness]]`: what is read, what the plan holds, and that one table stays as it was."""

from __future__ import annotations

import pytest

from leanopt_core.pipeline import Pipeline, SearchPlan, execution, resolve
from leanopt_core.pipeline.plan import fitness_name, objective_names

ONE = """[fitness]
use = "calmar"
min_trades = 30
"""
TWO = """[[fitness]]
use = "calmar"
min_trades = 30

[[fitness]]
use = "calmar"
name = "other"
min_trades = 5
"""


def plan(pipeline: Pipeline) -> SearchPlan:
    """Return the plan, of a strategy and data with fixed content hashes."""
    return resolve(pipeline, source="s" * 64, data={})


@pytest.fixture
def two(sound: str) -> str:
    """The sound pipeline with two objectives."""
    return sound.replace(ONE, TWO)


def test_objectives_have_names(load, two) -> None:
    """That of the function unless they have one; the first is the fitness function."""
    pipeline = load(two)
    assert [one.name for one in pipeline.objectives] == ["calmar", "other"]
    assert [one.choice.options.min_trades for one in pipeline.objectives] == [30, 5]
    assert pipeline.fitness == pipeline.objectives[0].choice
    assert pipeline.functions == tuple(one.choice for one in pipeline.objectives)
    assert load().objectives == ()
    assert load().functions == (load().fitness,)


def test_the_plan_has_them(load, two) -> None:
    """Names, order, options and the formula decide trials; a single function's plan has none."""
    single, several = plan(load()).to_dict(), plan(load(two)).to_dict()
    assert sorted(single["scoring"]) == ["constraints", "fitness"]
    scoring = several["scoring"]
    assert [one["name"] for one in scoring["objectives"]] == ["calmar", "other"]
    assert scoring["objectives"][0]["fitness"] == single["scoring"]["fitness"]
    assert (scoring["scalar"], "fitness" in scoring) == (None, False)
    scalar = 'scalar = "[calmar]   + 2 * [other]"\n' + two
    other = plan(load(scalar)).to_dict()
    assert other["scoring"]["scalar"] == "[calmar] + 2 * [other]"
    hashes = [
        plan(load(text)).hash
        for text in (
            two,
            scalar,
            two.replace('"other"', '"another"'),
            two.replace("min_trades = 5", "min_trades = 6"),
            two.replace('name = "other"\nmin_trades = 5', 'name = "other"'),
        )
    ]
    assert len(set(hashes)) == 5
    assert fitness_name(single) == fitness_name(several) == "calmar"
    assert fitness_name(other) == "[calmar] + 2 * [other]"
    assert (objective_names(single), objective_names(other)) == ((), ("calmar", "other"))
    assert execution(load(two)).plugins == execution(load()).plugins


def test_overrides_by_name(load, two) -> None:
    """As of stages."""
    pipeline = load(two, sets=["fitness.other.min_trades=7", 'scalar="[other]"'])
    assert pipeline.objectives[1].choice.options.min_trades == 7
    assert pipeline.scalar.text == "[other]"
