"""LEAN's optimizer-config.json: the same space, the same objective, and nothing lost."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanopt_core.errors import PipelineError
from leanopt_core.statistics import Statistics

EULER = "QuantConnect.Optimizer.Strategies.EulerSearchOptimizationStrategy"
SEGMENTS = {
    "$type": "QuantConnect.Optimizer.Strategies.StepBaseOptimizationStrategySettings, "
    "QuantConnect.Optimizer",
    "default-segment-amount": 10,
}

numbers = st.decimals(-8, 8, places=3, allow_nan=False)
steps = st.decimals(Decimal("0.5"), 9, places=3, allow_nan=False)


def lean_values(low: str, high: str, step: str) -> list[Fraction]:
    """Enumerate as LEAN's optimizer does: from min, step by step, as long as max is not passed."""
    values = []
    value = Fraction(low)
    while value <= Fraction(high):
        values.append(value)
        value += Fraction(step)
    return values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(numbers, numbers, steps), min_size=1, max_size=2))
def test_the_points_are_those_of_leans_grid(config, lean, ranges) -> None:
    """Each exact, none past max, none left out; also where the numbers are written as texts."""
    ranges = [(min(a, b), max(a, b), step) for a, b, step in ranges]
    items = [
        {"name": f"p{i}", "min": float(low), "max": str(high), "step": float(step)}
        for i, (low, high, step) in enumerate(ranges)
    ]
    result = config(lean(parameters=items))
    axes = [lean_values(*map(str, one)) for one in ranges]
    expected = [{f"p{i}": v for i, v in enumerate(point)} for point in product(*axes)]
    found = [{k: Fraction(v) for k, v in point.items()} for point in result.points()]
    assert found == expected
    (stage,) = result.pipeline.stages
    assert stage.choice.use == "grid"
    assert stage.trials is None


@pytest.mark.parametrize(
    ("key", "text", "seconds"),
    [
        ("max-run-time", "00:30:00", 1800),
        ("MaxRuntime", "1.12:30:15.5", 131_415),
        ("max-runtime", "02:05", 7500),
        ("MaxRuntime", "10675199.02:48:05.4775807", None),
    ],
)
def test_the_longest_time_is_the_searchs(config, lean, key, text, seconds) -> None:
    """The greatest of .NET means none."""
    result = config(lean(optimization_strategy_settings={key: text}))
    assert result.pipeline.search.time == seconds


@pytest.mark.parametrize("text", ["1h", "-01:00:00", "00:00:00", "01:61", "1.5"])
def test_a_wrong_time_is_named(config, lean, text) -> None:
    """With its form."""
    with pytest.raises(PipelineError, match=r"expected a duration of \.NET, as 02:30:00"):
        config(lean(optimization_strategy_settings={"MaxRuntime": text}))


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(numbers, st.decimals(Decimal("0.5"), 50, places=2), st.sampled_from([1, 2, 3, 5, 7, 10]))
def test_without_a_step_the_range_is_cut_into_segments(config, lean, low, span, segments) -> None:
    """Where the quotient has no end, LEAN rounds it too: nothing is off by more than its digits."""
    items = [{"name": "p", "min": float(low), "max": float(low + span)}]
    settings = {**SEGMENTS, "default-segment-amount": segments}
    result = config(lean(parameters=items, optimization_strategy_settings=settings))
    found = [Fraction(point["p"]) for point in result.points()]
    step = Fraction(span) / segments
    expected = [Fraction(low) + i * step for i in range(segments + 1)]
    assert len(found) == len(expected)
    assert all(
        0 <= right - value < Fraction(1, 10**25)
        for value, right in zip(found, expected, strict=True)
    )
    rounded = [key for key, reason in result.notes if "rounded down" in reason]
    assert bool(rounded) == (found != expected)


def test_euler_search_ends_at_the_least_steps(config, lean) -> None:
    """The space is made of the finest steps; where LEAN's first pass has others, it is said."""
    items = [
        {"name": "slow", "min": 10, "max": 50},
        {"name": "fast", "min": 50, "max": 150, "step": 50, "min-step": 0.0001},
        {"name": "band", "min": 0, "max": 10, "step": 1, "minStep": "0.5"},
    ]
    result = config(
        lean(
            optimization_strategy=EULER,
            optimization_strategy_settings=SEGMENTS,
            parameters=items,
        )
    )
    space, (stage,) = result.pipeline.space, result.pipeline.stages
    assert (stage.choice.use, stage.choice.options.segments) == ("euler", 10)
    expected = {"slow": lean_values("10", "50", "0.4"), "band": lean_values("0", "10", "0.5")}
    for name, values in expected.items():
        assert [Fraction(value) for value in space.axis(name).values] == values
    fast = space.axis("fast")
    assert (len(fast), fast.value(0), fast.value(len(fast) - 1)) == (1_000_001, 50, 150)
    said = [key for key, reason in result.notes if "first pass" in reason]
    assert said == ["parameters[1].step"]


def test_euler_search_without_finer_steps_is_the_grid(config, lean) -> None:
    """LEAN's own then tries every point once."""
    result = config(
        lean(optimization_strategy=EULER, optimization_strategy_settings={"$type": "x"})
    )
    assert [stage.choice.use for stage in result.pipeline.stages] == ["grid"]
    assert len(result.points()) == 3
    assert any("tries every point once" in reason for _, reason in result.notes)


DOCUMENT = {
    "statistics": {"Sharpe Ratio": "-1.039", "Drawdown": "7.000%", "Total Orders": "11"},
    "totalPerformance": {
        "portfolioStatistics": {"sharpeRatio": "-1.0387", "drawdown": "0.0702"},
        "tradeStatistics": {"profitFactor": "0.61"},
    },
}


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("Statistics.Sharpe Ratio", -1.039),
        ("['Statistics'].['Sharpe Ratio']", -1.039),
        ("Drawdown", 0.07),
        ("TotalPerformance.PortfolioStatistics.SharpeRatio", -1.0387),
        ("totalPerformance.tradeStatistics.profitFactor", 0.61),
        ("Statistics.Total Trades", 11),
    ],
)
def test_a_target_leads_to_what_lean_means(config, lean, target: str, value: float) -> None:
    """In LEAN's document; its direction and value are those of the fitness."""
    criterion = {"target": target, "extremum": "Min", "target-value": 3}
    options = config(lean(optimization_criterion=criterion)).pipeline.fitness.options
    assert Statistics.read(DOCUMENT).get(options.statistic) == value
    assert (options.direction, options.target) == ("min", 3)


def test_constraints_hold_where_leans_do(config, lean) -> None:
    """All six operators, on values below, at and above the bound."""
    holds = {
        "less": (True, False, False),
        "lessOrEqual": (True, True, False),
        "greater": (False, False, True),
        "GreaterOrEqual": (False, True, True),
        "equals": (False, True, False),
        "notEqual": (True, False, True),
    }
    items = [
        {"target": "['Statistics'].['Beta']", "operator": name, "target-value": 0.15}
        for name in holds
    ]
    constraints = config(lean(constraints=items)).pipeline.constraints
    for constraint, expected in zip(constraints, holds.values(), strict=True):
        read = [Statistics({"Beta": value}) for value in (0.1499, 0.15, 0.1501)]
        assert tuple(constraint.violation(one) == 0 for one in read) == expected


def test_fixed_parameters_reach_the_strategy_as_they_are(config, lean) -> None:
    """A text is a number only where it reads the same."""
    texts = ["11", "0.50", "007", "ema", "${HOME}", "1e3"]
    items = [{"key": f"f{i}", "value": text} for i, text in enumerate(texts)]
    items.append({"name": "searched", "min": 1, "max": 2, "step": 1})
    point = config(lean(parameters=items)).points()[0]
    assert [str(point[f"f{i}"]) for i in range(len(texts))] == texts
    assert point["f0"] == 11


def test_comments_and_workers_and_data(tmp_path: Path, load, lean) -> None:
    """As in LEAN's own example: comments, and a comma too many."""
    document = json.dumps(lean(maximum_concurrent_backtests=7, data_folder="../Data"), indent=1)
    text = "/* a search */" + document.replace("{", "{ // 'quoted' \"more", 1)
    text = re.sub(r'("max": 3,)', r'\1 // most, "min": 9\n', text)[:-1] + ",}"
    (tmp_path / "c.json").write_text(text)
    result = load(str(tmp_path / "c.json"))
    assert result.points() == [{"fast": 1}, {"fast": 2}, {"fast": 3}]
    assert 'data = "../Data"' in result.text
    assert "workers = 7" in result.text


def test_the_project_and_its_workspace_are_found(tmp_path: Path, load, lean) -> None:
    """As LEAN's command line has them: the project around the file, lean.json around that."""
    folder = tmp_path / "workspace" / "My Project" / "optimizations" / "2026"
    folder.mkdir(parents=True)
    (folder.parents[1] / "main.py").touch()
    (tmp_path / "workspace" / "lean.json").write_text('{ "data-folder": "data" } // more')
    (folder / "optimizer-config.json").write_text(json.dumps(lean()))
    result = load(str(folder / "optimizer-config.json"))
    assert 'name = "My Project"' in result.text
    assert 'project = "workspace/My Project"' in result.text
    assert 'data = "workspace/data"' in result.text


def objects(value: object):
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from objects(inner)
    for inner in value if isinstance(value, list) else ():
        yield from objects(inner)


def test_a_key_that_nobody_knows_is_named_wherever_it_stands(config, lean) -> None:
    """In each object of a configuration that has everything."""
    document = lean(
        optimization_strategy_settings=SEGMENTS,
        constraints=[{"target": "Beta", "operator": "less", "target-value": 1}],
        parameters=[{"name": "a", "min": 1, "max": 2, "step": 1}, {"name": "b", "value": 1}],
    )
    whole = json.dumps(document)
    for place in range(len(list(objects(document)))):
        changed = json.loads(whole)
        list(objects(changed))[place]["zzz-key"] = "s3cret"
        result = config(changed)
        named = [key for key, reason in result.notes if "zzz-key" in key]
        assert len(named) == 1
        assert "s3cret" not in result.text


def test_every_mistake_is_said_at_once_at_its_place(config, lean, tmp_path: Path) -> None:
    """File, key, value, what was expected, the nearest right name."""
    document = lean(
        optimization_strategy="QuantConnect.Optimizer.Strategies.GridSerchOptimizationStrategy",
        optimization_criterion={"target": "Sharpe Ratio", "extremum": "maximum"},
        constraints=[
            {"target": "Drawdown", "operator": "lesOrEqual", "target-value": 0.2},
            {"target": "Drawdown", "operator": "less"},
            7,
        ],
        parameters=[
            {"name": "a", "min": 5, "max": 1, "step": 1},
            {"name": "b", "min": 1, "max": 5, "step": 0},
            {"name": "c", "min": "one", "max": 5, "step": 1},
            {"name": "d", "min": 1, "max": 5, "step": 1, "min-step": 2},
            {"name": "e", "min": 1, "max": 5},
            {"name": "f", "min": 1, "max": 5, "stepp": 1},
            {"min": 1, "max": 5, "step": 1},
            {"name": "g", "min": 1, "max": 1e400, "step": 1},
        ],
        maximum_concurrent_backtest=4,
    )
    with pytest.raises(PipelineError) as raised:
        config(document)
    place = str(tmp_path / "optimizer-config.json")
    said = {(one.key, one.found, one.expected, one.hint) for one in raised.value.mistakes}
    assert {one.file for one in raised.value.mistakes} == {place}
    strategy = document["optimization-strategy"]
    assert (
        "optimization-strategy",
        f'"{strategy}"'[:60] + "...",
        "expected LEAN's grid or Euler search",
        "did you mean 'GridSearchOptimizationStrategy'?",
    ) in said
    assert (
        "optimization-criterion.extremum",
        '"maximum"',
        'expected "max" or "min"',
        "did you mean 'max'?",
    ) in said
    operator = ("expected an operator", "did you mean 'lessOrEqual'?")
    assert ("constraints[0].operator", '"lesOrEqual"', *operator) in said
    assert ("parameters[5].stepp", "", "unknown key", "did you mean 'step'?") in said
    assert {key for key, *_ in said} == {
        "optimization-strategy",
        "optimization-criterion.extremum",
        "constraints[0].operator",
        "constraints[1].target-value",
        "constraints[2]",
        "parameters[0].min",
        "parameters[1].step",
        "parameters[2].min",
        "parameters[3].min-step",
        "parameters[4].step",
        "parameters[5].step",
        "parameters[5].stepp",
        "parameters[6].name",
        "parameters[7].max",
        "maximum-concurrent-backtest",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: is not JSON"),
        ('{"parameters": [1 2]} // ]', "line 1, column 19: is not JSON: expecting"),
        ("[]", "expected at least one parameter set"),
        ("7", "found 7, expected a JSON object or list"),
        ("null", "found null, expected a JSON object or list"),
        ('{"parameters": 1, "parameters": 2}', "parameters: appears twice in one object"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": "\\ud800"}', "has text that is not Unicode"),
        ('{"optimization-criterion": NaN}', "optimization-criterion: found nan, expected"),
    ],
)
def test_what_is_no_configuration_is_said_to_be_none(tmp_path, load, text, said) -> None:
    """In one line each, with the place."""
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(PipelineError) as raised:
        load(str(file))
    assert said in str(raised.value)
    assert raised.value.exit_code == 3
