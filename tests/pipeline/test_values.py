"""What a sound pipeline comes to: defaults, units, paths, scenarios, parameters, options."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from leanopt_core.pipeline.units import parse_bytes, parse_seconds

LEAST = """\
name = "least"

[strategy]
entry = "strategy.py:run"

[parameters]
fast = { min = 5, max = 60 }

[fitness]
use = "calmar"

[[stage]]
use = "lhs"
"""


def test_what_is_not_said_has_a_default(load, folder) -> None:
    """A short pipeline is a whole one."""
    pipeline = load(LEAST)
    assert (pipeline.name, pipeline.strategy_id, pipeline.seed) == ("least", "least", 0)
    assert (pipeline.file, pipeline.folder) == (Path("pipeline.toml"), folder)
    assert pipeline.engine.use == "python"
    assert pipeline.engine.options.data is None
    [scenario] = pipeline.scenarios
    assert scenario.to_dict() == {"name": "default"}
    search = pipeline.search
    assert (search.lookahead, search.curves, search.durability) == (16, "daily", "process")
    executor = pipeline.executor
    assert (executor.choice.use, executor.workers, executor.retries) == ("process", None, 2)
    assert (executor.time_limit, executor.memory_limit, executor.recycle_after) == (None,) * 3
    [stage] = pipeline.stages
    assert (stage.name, stage.trials, stage.patience, stage.min_delta) == ("lhs", None, None, 0.0)
    assert (stage.target, stage.seed_from) == (None, ())
    assert (pipeline.constraints, pipeline.sinks) == ((), ())
    assert list(pipeline.space.axis("fast").values) == list(range(5, 61))


def test_what_is_said_arrives_exactly(load, folder) -> None:
    """Numbers are exact; paths are from the pipeline's folder; a stage may follow another."""
    pipeline = load()
    [scenario] = pipeline.scenarios
    assert (scenario.symbol, scenario.start, scenario.end, scenario.cash) == (
        "SPY",
        date(2004, 1, 2),
        date(2016, 12, 30),
        Decimal(100_000),
    )
    assert pipeline.engine.options.data == folder / "data"
    assert pipeline.space.names == ("exit", "fast", "hold", "slow", "stop")
    assert list(pipeline.space.axis("stop").values)[:2] == [Decimal("0.01"), Decimal("0.015")]
    assert pipeline.space.fixed == {"size": 1000}
    assert [c.text for c in pipeline.constraints] == ["Drawdown <= 25%", "Total Orders >= 30"]
    assert pipeline.executor.time_limit == 120
    assert [(s.name, s.trials, s.seed_from) for s in pipeline.stages] == [
        ("lhs", 128, ()),
        ("ga", 600, ("lhs",)),
    ]
    assert pipeline.fitness.options.min_trades == 30
    [sink] = pipeline.sinks
    assert sink.options.path == folder / "out.jsonl"


def test_a_parameter_can_have_a_condition_and_a_log_scale(load, sound) -> None:
    """A fixed parameter decides it once and for all."""
    text = sound.replace("step = 0.005 }", """step = 0.005, when = "exit == 'trail'" }""")
    text = text.replace("{ min = 20, max = 250, step = 5 }", "LOG")
    text = text.replace("LOG", '{ min = 61, max = 610, levels = 3, scale = "log" }')
    space = load(text).space
    assert list(space.axis("slow").values) == [61, 193, 610]
    assert {name: one.text for name, one in space.conditions.items()} == {"stop": "exit == 'trail'"}
    assert space.count().value == 56 * 3 * 6 * (1 + len(space.axis("stop")))
    fixed = load(text, sets=["parameters.exit=trail"]).space
    assert fixed.count().value == 56 * 3 * 6 * len(space.axis("stop"))


def test_a_parameter_that_always_or_never_counts_is_pointed_out(load, sound) -> None:
    """With what can be the reason."""
    when = """step = 0.005, when = "exit == 'trail'" }"""
    text = sound.replace("step = 0.005 }", when)
    assert load(text).notes == load(sound).notes
    stop, leave = '["fast < slow", "stop > 0.01"]', '["fast < slow", "exit == \'close\'"]'
    found = [set(load(text.replace('["fast < slow"]', one)).notes) for one in (stop, leave)]
    why = "where it is not, constraints.parameters see its first value 0.01"
    condition = """parameters.stop: found when = "exit == 'trail'\""""
    assert [one - set(load(sound).notes) for one in found] == [
        {f"{condition}, but it is active at every feasible point; {why}"},
        {f"{condition}, which holds at no feasible point"},
    ]


def test_options_take_what_their_types_say(load, sound, folder) -> None:
    """Nested tables, lists, paths, exact numbers, durations and sizes."""
    text = sound.replace(
        "trials = 600",
        'crossover = { rate = 1, kind = "uniform" }\nrates = [0.1, 1]\nbounds = [3, 4]\n'
        'tags = ["a"]\nweights = { x = 0.5 }\npoints = "points.csv"\nprecision = 0.1\n'
        'pause = "1.5s"\nmemory = "2KiB"\nlabel = "abc"\nlayers = [{ rate = 0.1 }]',
    )
    options = load(text).stages[1].choice.options
    assert (options.crossover.rate, options.crossover.kind) == (1.0, "uniform")
    assert (options.rates, options.bounds, options.tags) == ((0.1, 1.0), (3, 4), ["a"])
    assert (options.weights, options.points) == ({"x": 0.5}, folder / "points.csv")
    assert (options.precision, options.pause, options.memory) == (Decimal("0.1"), 1.5, 2048)
    assert options.label == "abc"
    assert [layer.rate for layer in options.layers] == [0.1]


def test_paths_know_home_and_absolute_ones(load, sound, monkeypatch) -> None:
    """`~` is the home folder; an absolute path stays."""
    monkeypatch.setenv("HOME", "/home/ada")
    data = [
        load(sound.replace('"data"', f'"{path}"')).engine.options.data for path in ("~/d", "/d")
    ]
    assert data == [Path("/home/ada/d"), Path("/d")]


def test_scenarios_are_named_after_themselves_their_symbol_or_their_number(load, sound) -> None:
    """Names are what results are listed under; a slash in a symbol cannot stay in one."""
    text = sound.replace(
        "[scenario]",
        '[[scenario]]\nname = "calm"\n\n[[scenario]]\nsymbol = "BTC/USD"\nslippage = 0.1\n\n'
        "[[scenario]]\ncash = 5\n\n[[scenario]]",
    )
    scenarios = load(text).scenarios
    assert [s.name for s in scenarios] == ["calm", "BTC-USD", "scenario-3", "SPY"]
    assert scenarios[1].symbol == "BTC/USD"
    assert scenarios[1].extras == {"slippage": Decimal("0.1")}


def test_scenarios_pass_their_keys_on(load, sound) -> None:
    """Also keys of the user's own."""
    text = sound.replace(
        "cash =", 'slippage = 0.1\npass_as = { symbol = "ticker", slippage = "slip" }\ncash ='
    )
    assert load(text).scenarios[0].pass_as == {"symbol": "ticker", "slippage": "slip"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("2min", 120),
        ("1h30min", 5400),
        (" 1 h 30 min ", 5400),
        ("1.5H", 5400),
        ("3650d", 315_360_000),
        (30, 30),
        (Decimal("0.5"), 0.5),
    ],
)
def test_durations(text, seconds) -> None:
    """Numbers with units, one or several; a plain number is in seconds."""
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("2kB", 2_000),
        ("512MB", 512_000_000),
        ("1.5 GB", 1_500_000_000),
        ("512MiB", 512 * 1024**2),
        ("1024TiB", 2**50),
        ("2gb", 2_000_000_000),
        (4096, 4096),
    ],
)
def test_sizes(text, size) -> None:
    """Powers of 1000, and of 1024 with an i; a plain number is in bytes."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "2", "min", "-2min", "2 min 3", "0s", "3651d", "٢min"])
def test_what_is_no_duration(text) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"expected a number with a unit|must be > 0"):
        parse_seconds(text)


@pytest.mark.parametrize("text", ["", "2", "GB", "-2GB", "0B", "0.5B", "1025TiB"])
def test_what_is_no_size(text) -> None:
    """Nothing is rounded."""
    with pytest.raises(ValueError, match=r"expected a |must be > 0"):
        parse_bytes(text)
