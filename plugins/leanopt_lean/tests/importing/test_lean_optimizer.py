"""lean-optimizer's folder: its very values, its stages, its scenario, and no secret."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from leanopt_core.errors import PipelineError, UsageError

SPACE = {
    "parameters": [
        {"name": "Lookback", "min": 10, "max": 50, "step": 5, "type": "int", "description": "bars"},
        {"name": "Threshold", "min": 0.1, "max": 0.5, "step": 0.1, "type": "float"},
    ]
}
GENETIC = {
    "enabled": True,
    "population_size": 60,
    "n_generations": 40,
    "crossover_prob": 0.9,
    "mutation_prob": 0.07,
    "tournament_size": 4,
    "batch_size": 12,
    "early_stopping_generations": 9,
    "early_stopping_min_delta": 0.02,
    "seed_from_previous": False,
    "n_seeds": 0,
    "random_state": 42,
}
CONFIG = {
    "_comment": "A search of ours",
    "parameter_space_file": "config/parameter_space.json",
    "base_params": {
        "ticker": "SPY",
        "startDate": "20030102",
        "endDate": "2007-12-31",
        "InitialCash": "100000",
        "CommissionPerShare": "0.004",
        "WarmupBars": "070",
    },
    "fitness": {"name": "calmar", "min_trades": 10, "min_profit_factor": 0.5},
    "stages": {"genetic_standalone": GENETIC},
    "worker_count": 15,
}
BASE = {
    "environment": "backtesting",
    "algorithm-language": "CSharp",
    "algorithm-type-name": "QuantConnect.Algorithm.CSharp.Trend",
    "algorithm-location": "/Artifacts/spy_trend.dll",
    "data-folder": "/Lean/Data",
    "api-access-token": "s3cret-token",
    "close-automatically": True,
    "maximum-warmup": 7,
    "environments": {"backtesting": {"live-mode": False}},
}
ENV = """
LEAN_IMAGE=quantconnect/lean:latest
export LEAN_DATA_HOST_PATH="/srv/lean data"   # ours
LEAN_WORKSPACE=/srv/workspace
LEAN_LAUNCHER_WORKDIR=/Lean/Launcher/bin/Debug
LEAN_DOCKER_NETWORK=lean_cli
WORKER_COUNT=6
QC_API_TOKEN=s3cret-too
"""

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Write a folder of lean-optimizer, some keys of its config changed; None leaves one out."""

    def write(space: Any = SPACE, base: Any = BASE, env: str = ENV, **changes: Any) -> Path:
        (tmp_path / "config").mkdir(exist_ok=True)
        config = {key: value for key, value in {**CONFIG, **changes}.items() if value is not None}
        for name, document in (
            ("optimization_ga", config),
            ("parameter_space", space),
            ("base_config", base),
        ):
            (tmp_path / "config" / f"{name}.json").write_text(json.dumps(document))
        (tmp_path / ".env").write_text(env)
        return tmp_path

    return write


def tables(text: str) -> dict[str, Any]:
    """Return a pipeline's tables, exact."""
    return tomllib.loads(text, parse_float=Decimal)


def test_a_folder_becomes_a_pipeline(folder: Folder, load) -> None:
    """Every table; what is in `.env` is referred to, and only the number of workers is copied."""
    result = load(str(folder()))
    written = tables(result.text)
    assert written == {
        "name": "spy_trend",
        "seed": 42,
        "strategy": {
            "engine": "lean",
            "project": "${LEAN_WORKSPACE}/spy_trend",
            "data": "${LEAN_DATA_HOST_PATH}",
            "launcher": "${LEAN_LAUNCHER_WORKDIR}",
            "config": {
                "maximum-warmup": 7,
                "environments": {"backtesting": {"live-mode": False}},
            },
        },
        "scenario": {
            "symbol": "SPY",
            "end": result.pipeline.scenarios[0].end,
            "cash": 100000,
            "pass_as": {
                "symbol": "ticker",
                "end": "endDate",
                "cash": "InitialCash",
            },
        },
        "parameters": {
            "Lookback": {"min": 10, "max": 50, "step": 5},
            "Threshold": {"min": Decimal("0.1"), "max": Decimal("0.5"), "step": Decimal("0.1")},
            "startDate": 20030102,
            "CommissionPerShare": Decimal("0.004"),
            "WarmupBars": "070",
        },
        "fitness": {
            "use": "calmar",
            "form": "log_trades",
            "min_trades": 10,
            "min_profit_factor": Decimal("0.5"),
        },
        "executor": {
            "use": "docker",
            "image": "${LEAN_IMAGE}",
            "workers": 6,
            "time_limit": "2min",
        },
        "stage": written["stage"],
    }
    scenario = result.pipeline.scenarios[0]
    assert (scenario.start, str(scenario.end)) == (None, "2007-12-31")
    assert "# A search of ours" in result.text
    assert "# bars" in result.text
    assert "s3cret" not in result.text
    assert "/srv" not in result.text


def test_variables_are_taken_from_the_file_or_left_open(folder: Folder, leanopt) -> None:
    """The launcher has to be an absolute path, and is one, or is not known yet."""
    path = folder()
    said = leanopt(path, "import", ".").stderr
    assert "to be set first" not in said
    (path / "elsewhere").mkdir()
    said = leanopt(path, "import", ".", "-o", "elsewhere/pipeline.toml").stderr
    assert "set these variables first, in the environment or in .env: LEAN_DATA_HOST_PATH, " in said


def test_the_genetic_algorithm_is_lean_optimizers(folder: Folder, load) -> None:
    """Its options by their names, and its clones; without its missing narrowing and restarts."""
    (stage,) = load(str(folder())).pipeline.stages
    assert stage.choice.use == "ga_deap"
    options = stage.choice.options
    for name in set(GENETIC) - {"enabled", "seed_from_previous", "n_seeds", "random_state"}:
        assert getattr(options, name) == GENETIC[name]
    assert (options.final_population_size, options.restart, options.clones) == (60, False, True)
    defaults = load(str(folder(stages={"genetic_standalone": {"enabled": True}})))
    (stage,) = defaults.pipeline.stages
    options = stage.choice.options
    assert (options.population_size, options.n_generations, options.batch_size) == (125, 73, 15)
    assert (options.crossover_prob, options.mutation_prob) == (0.95, 0.05)


def test_stages_follow_one_another_as_there(folder: Folder, load) -> None:
    """In its order, whatever the file's; those not enabled are named."""
    stages = {
        "local_grid": {"top_n": 4, "radius": 2, "max_neighbors": 33},
        "genetic_seeded": {**GENETIC, "seed_from_previous": True, "n_seeds": 7, "random_state": 5},
        "bayesian": {"n_calls": 77, "batch_size": 15},
        "lhs": {"n_samples": 88, "seed": 9},
        "genetic_standalone": {"enabled": False},
    }
    result = load(str(folder(stages=stages)))
    read = result.pipeline.stages
    assert [(one.choice.use, one.trials) for one in read] == [
        ("lhs", 88),
        ("optuna", 77),
        ("ga_deap", None),
        ("local_grid", 33),
    ]
    genetic, local = read[2], read[3].choice.options
    assert (genetic.seed_from, genetic.choice.options.n_seeds) == (("lhs", "optuna"), 7)
    assert (local.top_n, local.radius, local.max_neighbors) == (4, 2, None)
    assert (read[1].choice.options.sampler, read[1].seed_from) == ("tpe", ("lhs",))
    assert result.pipeline.search.lookahead == 15
    assert result.pipeline.seed == 9
    named = {key for key, _ in result.notes if key.startswith("stages")}
    assert named == {
        "stages.bayesian.batch_size",
        "stages.genetic_seeded.random_state",
        "stages.genetic_standalone",
    }
    alone = load(str(folder(stages={**stages, "genetic_standalone": GENETIC})))
    assert [one.choice.use for one in alone.pipeline.stages] == ["ga_deap"]
    replaced = {key for key, reason in alone.notes if "replaces" in reason}
    assert replaced == {f"stages.{name}" for name in stages} - {"stages.genetic_standalone"}


def test_a_stage_that_is_not_enabled_is_left_out(folder: Folder, load) -> None:
    """Each kind; one that says nothing is enabled, but for the genetic ones."""
    stages = {
        "lhs": {"enabled": False, "n_samples": 88},
        "bayesian": {"enabled": True, "n_calls": 7},
        "genetic_seeded": {"population_size": 60},
        "local_grid": {"enabled": False},
    }
    result = load(str(folder(stages=stages)))
    (stage,) = result.pipeline.stages
    assert (stage.choice.use, stage.trials, stage.seed_from) == ("optuna", 7, ())
    left = {key for key, reason in result.notes if reason == "not translated: not enabled"}
    assert left == {f"stages.{name}" for name in ("lhs", "genetic_seeded", "local_grid")}


UNIVERSE = {
    "symbols": ["AAPL", "MSFT"],
    "base_config": "config/optimization_ga.json",
    "symbols_parallel": 2,
    "total_workers": 10,
}


@pytest.mark.parametrize(("env", "workers"), [(ENV, 6), ("", 10)])
def test_a_universe_is_a_search_for_each_symbol(folder: Folder, load, env, workers: int) -> None:
    """With the configuration that it names; `WORKER_COUNT` goes before its workers."""
    root = folder(env=env)
    (root / "config" / "universe.json").write_text(json.dumps(UNIVERSE))
    result = load(str(root / "config" / "universe.json"))
    written = tables(result.text)
    assert written["scenario"]["universe"] == ["AAPL", "MSFT"]
    assert written["scenario"]["separate"] is True
    assert written["scenario"]["pass_as"]["symbol"] == "ticker"
    assert written["executor"]["workers"] == workers
    assert [one.symbol for one in result.pipeline.scenarios] == ["AAPL", "MSFT"]
    assert [one.choice.use for one in result.pipeline.stages] == ["ga_deap"]
    named = {key for key, _ in result.notes}
    assert {"symbols_parallel", "base_params.ticker", "worker_count"} <= named


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["AAPL", 3]}, "symbols[1]"),
        ({"base_config": 7}, "base_config"),
        ({"base_config": "config/none.json"}, ""),
        ({"total_workers": "many"}, "total_workers"),
    ],
)
def test_a_wrong_universe_is_named(folder: Folder, load, changes, key: str) -> None:
    """By file and key."""
    root = folder()
    file = root / "config" / "universe.json"
    file.write_text(json.dumps({**UNIVERSE, **changes}))
    with pytest.raises(PipelineError) as raised:
        load(str(file))
    assert key in {one.key for one in raised.value.mistakes}


SETS = [
    {"_comment": "the first", "ticker": "AAPL", "endDate": "2025-12-31", "A": "20", "B": "0.6"},
    {"ticker": "AAPL", "endDate": "2025-12-31", "A": "30", "B": "close"},
    {"ticker": "AAPL", "endDate": "2025-12-31", "A": "20", "B": "0.6"},
]


@pytest.mark.parametrize("wrapped", [False, True])
def test_parameter_sets_are_points(folder: Folder, load, wrapped: bool) -> None:
    """Each once; what is the same in all is the scenario's, or fixed."""
    root = folder()
    file = root / "config" / "parameter_sets.json"
    file.write_text(json.dumps({"parameter_sets": SETS} if wrapped else SETS))
    result = load(str(file))
    pipeline = result.pipeline
    (stage,) = pipeline.stages
    assert stage.choice.use == "points"
    assert list(stage.choice.options.points) == [{"A": 20, "B": "0.6"}, {"A": 30, "B": "close"}]
    assert [axis.values for axis in pipeline.space.axes] == [(20, 30), ("0.6", "close")]
    assert (pipeline.scenarios[0].symbol, str(pipeline.scenarios[0].end)) == ("AAPL", "2025-12-31")
    assert any("3 sets, 2 different ones" in reason for _, reason in result.notes)


def test_one_parameter_set_has_nothing_to_search(folder: Folder, load) -> None:
    """One parameter has one value."""
    root = folder()
    file = root / "sets.json"
    file.write_text(json.dumps(SETS[:1]))
    pipeline = load(str(file)).pipeline
    assert pipeline.space.grid_size == 1
    assert dict(pipeline.space.fixed) == {"B": Decimal("0.6")}
    (stage,) = pipeline.stages
    assert list(stage.choice.options.points) == [{"A": 20}]


def test_sets_of_several_symbols_have_the_symbol_as_a_parameter(folder: Folder, load) -> None:
    """The symbol of the list goes before a set's own."""
    root = folder()
    file = root / "config" / "backtest_universe.json"
    sets = {"AAPL": [{"ticker": "X", "A": "20"}], "MSFT": [{"A": "30"}]}
    document = {"symbols": ["AAPL", "MSFT"], "total_workers": 10, "param_sets": sets}
    file.write_text(json.dumps(document))
    (stage,) = load(str(file)).pipeline.stages
    assert list(stage.choice.options.points) == [
        {"ticker": "AAPL", "A": 20},
        {"ticker": "MSFT", "A": 30},
    ]


def test_wrong_parameter_sets_are_named(folder: Folder, load) -> None:
    """All at once: no object, a value that is none, a set that lacks a parameter."""
    root = folder()
    file = root / "sets.json"
    file.write_text(json.dumps([7, {"A": [1], "B": 2}, {"A": 1}]))
    with pytest.raises(PipelineError) as raised:
        load(str(file))
    found = {one.key: one.expected for one in raised.value.mistakes}
    assert found.keys() == {"[0]", "[1].A", "[2]"}
    assert found["[2]"] == "lacks B, which others have"


def its_values(low: float, high: float, step: float, kind: str) -> list[float]:
    """Make the values as lean-optimizer does: in floats, rounded to the step's places."""
    locations = max(0, -Decimal(str(float(step))).as_tuple().exponent)
    count = round((float(high) - float(low)) / float(step)) + 1
    values = [round(float(low) + i * float(step), locations) for i in range(count)]
    return [int(value) for value in values] if kind == "int" else values


grid_numbers = st.one_of(
    st.integers(-9, 9), st.decimals(-9, 9, places=1), st.decimals(-9, 9, places=3)
)
grid_steps = st.one_of(
    st.integers(1, 5), st.decimals("0.1", 4, places=1), st.decimals("0.25", 4, places=2)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(grid_numbers, grid_numbers, grid_steps, st.sampled_from(["int", "float"]))
def test_the_values_are_lean_optimizers_own(folder, load, low, high, step, kind) -> None:
    """Those past max that rounding makes too; each once, rising."""
    low, high = sorted((low, high))
    assume(high - low >= step)
    item = {"name": "p", "min": low, "max": high, "step": step, "type": kind}
    item = {key: float(v) if isinstance(v, Decimal) else v for key, v in item.items()}
    path = folder({"parameters": [item]})
    found = [float(point["p"]) for point in load(str(path)).points()]
    assert found == sorted(set(its_values(item["min"], item["max"], item["step"], kind)))


@pytest.mark.parametrize(
    ("given", "workers"),
    [({"env": ""}, 15), ({"env": "WORKER_COUNT=0"}, 15), ({"env": "", "worker_count": None}, 15)],
)
def test_workers_are_those_it_would_have(folder: Folder, load, given, workers: int) -> None:
    """`WORKER_COUNT`, else the config's, else 15."""
    assert tables(load(str(folder(**given))).text)["executor"]["workers"] == workers


def test_what_cannot_be_a_scenarios_stays_a_parameter(folder: Folder, load) -> None:
    """As does whatever else the strategy is given; a searched name goes before."""
    base = {
        "startDate": "03/01/2003",
        "endDate": "2003-02-30",
        "InitialCash": "-5",
        "Lookback": "7",
    }
    result = load(str(folder(base_params=base)))
    written = tables(result.text)
    assert "scenario" not in written
    assert written["parameters"] == {
        "Lookback": {"min": 10, "max": 50, "step": 5},
        "Threshold": {"min": Decimal("0.1"), "max": Decimal("0.5"), "step": Decimal("0.1")},
        "startDate": "03/01/2003",
        "endDate": "2003-02-30",
        "InitialCash": -5,
    }
    named = {key for key, _ in result.notes if key.startswith("base_params")}
    assert named == {f"base_params.{name}" for name in base}


def test_a_drawdown_limit_is_a_per_cent(folder: Folder, load) -> None:
    """lean-optimizer's drawdowns are per cents; its defaults are its own."""
    options = load(
        str(folder(fitness={"name": "calmar", "max_drawdown_limit": 12.5}))
    ).pipeline.fitness.options
    assert (options.max_drawdown_limit, options.min_trades) == ("12.5%", 30)
    assert options.min_profit_factor == 1


def test_every_variable_and_file_is_named_or_used(folder: Folder, load) -> None:
    """Whatever is not in the pipeline."""
    root = folder()
    (root / "config" / "universe.json").write_text("{}")
    result = load(str(root))
    locations = {(note.at.file, note.at.key) for note in result.read.notes}
    for name in ("LEAN_DOCKER_NETWORK", "QC_API_TOKEN"):
        assert (".env", name) in locations
    for key in set(BASE) - {"environment", "algorithm-location", "environments", "maximum-warmup"}:
        assert ("config/base_config.json", key) in locations
    assert ("config/universe.json", "") in locations
    assert ("config/optimization_ga.json", "worker_count") in locations


def objects(value: object):
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from objects(inner)
    for inner in value if isinstance(value, list) else ():
        yield from objects(inner)


def test_a_key_that_nobody_knows_is_named_wherever_it_stands(folder: Folder, load) -> None:
    """Except among the base parameters, which are all the strategy's own."""
    for location in range(len(list(objects(CONFIG)))):
        changed = json.loads(json.dumps(CONFIG))
        at = list(objects(changed))[location]
        if "ticker" not in at:
            at["zzz_key"] = "s3cret"
            result = load(str(folder(**changed)))
            assert [key for key, _ in result.notes if key.endswith("zzz_key")] != []
            assert "s3cret" not in result.text


def test_every_mistake_is_said_at_once_at_its_place(folder: Folder, load) -> None:
    """In all files of the folder; a value that is not allowed there is one that is not here."""
    space = {
        "parameters": [
            {"name": "a", "min": 1, "max": 5, "step": 0, "type": "int"},
            {"name": "b", "min": 5, "max": 1, "step": 1, "type": "int"},
            {"name": "c", "min": 1, "max": 5, "step": 1, "type": "whole"},
            {"name": "c", "min": 1, "max": 5, "step": 1, "type": "int"},
            {"name": "d", "min": 1, "max": 5, "step": 1},
        ]
    }
    genetic = {**GENETIC, "population_size": "many"}
    path = folder(
        space,
        {**BASE, "environment": "live-paper", "algorithm-location": "/Artifacts/.."},
        "WORKER_COUNT=s3cret\nLEAN_WORKSPACE=/w\n",
        fitness={"name": "calmer"},
        stages={"genetic_standalone": genetic},
    )
    with pytest.raises(PipelineError) as raised:
        load(str(path))
    assert {(Path(one.file).name, one.key) for one in raised.value.mistakes} == {
        ("parameter_space.json", "parameters[0].step"),
        ("parameter_space.json", "parameters[1].min"),
        ("parameter_space.json", "parameters[2].type"),
        ("parameter_space.json", "parameters[3].name"),
        ("parameter_space.json", "parameters[4].type"),
        ("optimization_ga.json", "fitness.name"),
        ("optimization_ga.json", "stages.genetic_standalone.population_size"),
        ("base_config.json", "environment"),
        ("base_config.json", "algorithm-location"),
        (".env", "WORKER_COUNT"),
    }
    assert "(did you mean 'calmar'?)" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_one_file_is_wanted(folder: Folder, load) -> None:
    """Of several the user says which; the folder around it is lean-optimizer's."""
    root = folder()
    (root / "config" / "optimization_b.json").write_text("{}")
    with pytest.raises(UsageError, match=r"found config/optimization_b.json, config/optimization"):
        load(str(root))
    assert len(load(str(root / "config" / "optimization_ga.json")).points()) == 45
    (root / "empty").mkdir()
    with pytest.raises(UsageError, match="found none; name a file"):
        load(str(root / "empty"))


def test_a_wrong_name_hides_no_wrong_stage(folder: Folder, load) -> None:
    """What this side would not take either is told with it, and nothing that follows from it."""
    path = folder(
        fitness={"name": "calmer", "min_trades": -1},
        stages={"genetic_standalone": {**GENETIC, "batch_size": 0, "crossover_prob": 7}},
    )
    with pytest.raises(PipelineError) as raised:
        load(str(path))
    assert {one.key for one in raised.value.mistakes} == {
        "fitness.name",
        "fitness.min_trades",
        "stages.genetic_standalone.batch_size",
        "stages.genetic_standalone.crossover_prob",
    }
    assert not list(path.glob("*.toml"))
    assert not list(path.glob(".*.toml"))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("20030102", "[scenario] start would be passed to the strategy as 2003-01-02"),
        ("2/1/2003", "[scenario] start must be a date, as 2003-01-31"),
    ],
)
def test_a_day_in_another_form_stays_a_parameter(
    folder: Folder, load, value: str, told: str
) -> None:
    """With that very day as it would be."""
    base = {**CONFIG["base_params"], "startDate": value}
    notes = load(str(folder(base_params=base))).notes
    assert ("base_params.startDate", f"stays a parameter, unchanged: {told}") in notes
