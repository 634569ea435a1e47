"""The plan's two halves: what is hashed, and that the hash changes exactly when it must."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from leanopt_core.canonical import canonical_json, digest
from leanopt_core.errors import PluginError
from leanopt_core.fitness_options import ScenarioOptions
from leanopt_core.pipeline import Pipeline, SearchPlan, execution, resolve
from leanopt_core.pipeline.older import reworded, stop_when_failing, versions
from leanopt_core.pipeline.plan import plain
from leanopt_core.pipeline.structure import option_fields
from leanopt_core.pipeline.tables import TABLES, TopTable
from leanopt_core.space import Space

#: One change of the sound pipeline for each key that there is, and whether the trials change.
CHANGES: tuple[tuple[str, bool], ...] = (
    ("name=other", False),
    ("seed=8", True),
    ("strategy.engine=python", False),
    ("strategy.id=other", False),
    ("strategy.entry=other.py:run", False),
    ("strategy.data=elsewhere", False),
    ("scenario.name=other", True),
    ("scenario.symbol=QQQ", True),
    ("scenario.start=2004-01-05", True),
    ("scenario.end=2016-12-29", True),
    ("scenario.cash=100_001", True),
    ("scenario.cash=100000.0", False),
    ('scenario.pass_as={ symbol = "ticker" }', True),
    ("scenario.slippage=0.1", True),
    ("scenario.weight=2", True),
    ("scenario.warmup=60d", True),
    ('scenario={ universe = ["SPY", "QQQ"] }', True),
    ('scenario={ universe = ["SPY"], separate = true }', True),
    ('walk_forward={ train = "3y", test = "1y" }', True),
    ("cpcv={ groups = 6 }", True),
    ("holdout.start=2017-01-02", False),
    ("holdout.end=2003-12-31", False),
    ('holdout.symbols=["QQQ"]', False),
    ("parameters.fast.min=6", True),
    ("parameters.fast.max=61", True),
    ("parameters.fast.step=5", True),
    ("parameters.stop.step=0.0050", False),
    ("parameters.stop.max=0.104", False),
    ("parameters.hold.values=[1, 2, 3, 5, 8]", True),
    ('parameters.exit.choices=["trail", "close"]', True),
    ("parameters.size=1001", True),
    ("""parameters.stop.when="exit == 'trail'\"""", True),
    ('parameters.stop={ min = 0.01, max = 0.1, levels = 9, scale = "log" }', True),
    ("parameters.more=1", True),
    ("constraints.parameters=[]", True),
    ("constraints.results=[]", True),
    ('constraints.results=["Drawdown  <=  25%", "Total Orders >= 30"]', False),
    ('constraints.soft=[{ rule = "Drawdown <= 20%" }]', True),
    ("constraints.soft=[]", False),
    ("fitness.use=calmar", False),
    ("fitness.min_trades=31", True),
    ("fitness.form=log_trades", True),
    ("fitness.form=ratio", False),
    ('fitness=[{ use = "calmar" }, { use = "calmar", name = "other" }]', True),
    ("search.lookahead=9", True),
    ("search.curves=none", False),
    ("search.durability=power", False),
    ("search.check_warm=0.5", False),
    ("search.keep=best:5", False),
    ("prune.use=none", False),
    ("prune.rungs=[1]", False),
    ("prune.reduction=4", False),
    ("choose.use=best", False),
    ("choose.use=plateau", True),
    ("choose.radius=1", False),
    ("choose.statistic=median", False),
    ("choose.tested=1", False),
    ("choose.tested=2", True),
    ('choose={ use = "plateau", radius = 2 }', True),
    ('choose={ use = "plateau", statistic = "worst" }', True),
    ("executor.use=process", False),
    ("executor.workers=7", False),
    ("executor.time_limit=1min", False),
    ("executor.memory_limit=1GB", False),
    ("executor.recycle_after=10", False),
    ("executor.recycle_growth=100MB", False),
    ("executor.retries=0", False),
    ('strategy.environment=["MINE"]', True),
    ("strategy.environment=[]", False),
    ("executor.start_limit=30min", False),
    ("executor.start_patience=10min", False),
    ("executor.threads=2", False),
    ("search.trials=700", True),
    ("search.backtests=700", True),
    ("search.time=2h", False),
    ("search.stop_when_failing=0", True),
    ("search.stop_when_failing=20", False),
    ("stage.lhs.time=1h", False),
    ("stage.lhs.use=ga", True),
    ("stage.ga.name=other", True),
    ("stage.lhs.trials=129", True),
    ("stage.lhs.patience=9", True),
    ("stage.lhs.min_delta=0.1", True),
    ("stage.lhs.min_delta=0", False),
    ("stage.lhs.target=3", True),
    ('stage.ga={ use = "ga", trials = 600 }', True),
    ('stage.ga.seed_from="lhs"', False),
    ("stage.ga.population=124", True),
    ("stage.ga.population=125", False),
    ("stage.ga.crossover.rate=0.4", True),
    ('sink.0.path="other.jsonl"', False),
    ("sink=[]", False),
)

GOLDEN = "01b18ab8981f9970773855bbbbf6e97070ec632e318225ed938aa4bdde746bda"
#: The hash of the same plan in version 3, when failing trials ended no search.
GOLDEN_3 = "3da9cb580ebeb5812f5e919b8e06e373cb0f14391d2a4b790fb06a754de02aec"
#: In version 2, which held one hash of all data.
GOLDEN_2 = "eab7e507b55791bf491225336a9dd2980b07115ef648212a9a13348a2d20c35f"
#: And in version 1, which held the versions of plugins.
GOLDEN_1 = "c7bc0c99c1f5b95c5a80f66a7d66804eabdbcad081aab06744e5e83a88ab3c5b"


def plan(pipeline: Pipeline, source: str = "s", data: str | None = "d") -> SearchPlan:
    """Return the plan, of a strategy and data with fixed content hashes."""
    names = [scenario.name for scenario in pipeline.scenarios]
    hashes = dict.fromkeys(names, data * 64) if data else {}
    return resolve(pipeline, source=source * 64, data=hashes)


@pytest.mark.parametrize(("change", "decides"), CHANGES)
def test_the_hash_changes_exactly_when_the_trials_do(load, change, decides) -> None:
    """What only says where, how fast, or to whom is not in it, nor how a value is written."""
    sets, mine = [change], {"MINE": "1"}
    if change == "stage.lhs.use=ga":
        sets = ["stage.ga.name=second", change, "stage.second.seed_from=ga"]
        assert plan(load(sets=[sets[0]])).hash != plan(load(sets=sets)).hash
    assert (plan(load(sets=sets, environment=mine)).hash != plan(load()).hash) is decides


def test_what_decides_how_trials_are_halved(load) -> None:
    """Whether they are, the rungs, and the share that goes on; the default may be given."""
    symbols = 'scenario={ universe = ["SPY", "QQQ", "IWM"] }'

    def halved(*sets: str) -> SearchPlan:
        return plan(load(sets=[symbols, *sets]))

    default = ("prune.use=halving", "prune.rungs=[1]")
    hashes = [
        halved(*sets).hash
        for sets in (
            (),
            ("prune.use=bound",),
            default,
            ("prune.use=halving", "prune.rungs=[2]"),
            ("prune.use=halving", "prune.rungs=[1, 2]"),
            (*default, "prune.reduction=2"),
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert halved(*default, "prune.reduction=3").hash == halved(*default).hash
    found = halved(*default).to_dict()
    assert found["prune"] == {"use": "halving", "reduction": 3}
    assert found["searches"][0]["rungs"] == [["SPY"], ["SPY", "QQQ", "IWM"]]


def test_rungs_of_lengths_are_the_last_days(load) -> None:
    """Of each scenario, with what else it has; one that is shorter stays as it is."""
    short = '{ symbol = "QQQ", start = 2016-01-01, end = 2016-12-30 }'
    long = '{ symbol = "SPY", start = 2004-01-02, end = 2016-12-30, warmup = "60d" }'
    sets = [f"scenario=[{long}, {short}]", "prune.use=halving", 'prune.rungs=["6m", "2y"]']
    found = plan(load(sets=sets)).to_dict()
    half = [f"{one} 2016-06-30 to 2016-12-30" for one in ("SPY", "QQQ")]
    second = "SPY 2014-12-31 to 2016-12-30"
    assert found["searches"][0]["rungs"] == [half, [second, "QQQ"], ["SPY", "QQQ"]]
    named = {one["name"]: one for one in found["scenarios"]}
    assert list(named) == ["SPY", "QQQ", *half, second]
    whole = {key: value for key, value in named["SPY"].items() if key != "data"}
    assert named[second] == {**whole, "name": second, "start": "2014-12-31"}


def test_an_option_that_is_rare_is_in_the_plan_where_it_is_given() -> None:
    """So the plans of pipelines without it are those from before there was such an option."""
    assert plain(ScenarioOptions()) == {"aggregate": "mean", "min_trades": 30, "min_years": 0.0}
    assert plain(ScenarioOptions(aggregate="quantile", q=0.2))["q"] == 0.2


def test_every_key_is_changed_above() -> None:
    """A new key must say which half it belongs to."""
    changed = {tuple(change.split("=")[0].split(".")) for change, _ in CHANGES}
    # The whole tables are given above.
    changed |= {("scalar",), ("stage", "seed_from"), ("sink", "use")}
    changed |= {("parameters", "levels"), ("parameters", "scale")}
    changed |= {("scenario", "universe"), ("scenario", "separate")}
    changed |= {
        ("walk_forward", key) for key in ("train", "test", "step", "anchored", "embargo", "warmup")
    }
    changed |= {("cpcv", key) for key in ("groups", "test_groups", "purge", "embargo", "warmup")}
    named = {(path[0], path[-1]) if len(path) > 1 else path for path in changed}
    keys = {(key,) for key in option_fields(TopTable)}
    keys |= {(table, key) for table, kind in TABLES.items() for key in option_fields(kind)}
    assert keys <= named


def test_strategy_and_data_decide(load) -> None:
    """By content."""
    pipeline = load()
    hashes = {plan(pipeline).hash, plan(pipeline, "t").hash, plan(pipeline, data="e").hash}
    hashes.add(plan(pipeline, data=None).hash)
    assert len(hashes) == 4


def test_versions_of_plugins_are_in_the_other_half(load, registry) -> None:
    """A fixed plugin continues a run; those that propose or score are told apart."""
    pipeline = load()
    for key, entry in registry.entries.items():
        newer = evolve(entry, version="99")
        other = load(registry=type(registry)({**registry.entries, key: newer}))
        assert plan(other).hash == plan(pipeline).hash
        changed = execution(other).plugins != execution(pipeline).plugins
        assert changed is (entry.distribution != "leanopt-core")


def test_a_plan_of_version_1_is_found_by_what_it_says(load) -> None:
    """Whatever the versions of plugins that it held."""
    now = plan(load())
    older = _of_version_2(now) | {"version": 1}
    older["scoring"]["fitness"]["version"] = "1.2"
    for stage in older["stages"]:
        stage["method"]["version"] = "1.2"
    assert digest(older) == GOLDEN_1
    older["stages"][0]["method"]["version"] = "0.9"
    assert digest(reworded(older, stop_when_failing=20)) == now.hash
    assert digest(reworded(now.to_dict())) == now.hash
    assert versions(older)["leanopt-lhs"] == "0.9"
    assert versions(now.to_dict()) == {}


def _of_version_2(now: SearchPlan) -> dict[str, Any]:
    """Return a plan as it was: one hash of all data, and none by scenario."""
    older = _of_version_3(now)
    for scenario in older["scenarios"]:
        scenario.pop("data", None)
    return {**older, "version": 2, "data": "d" * 64}


def _of_version_3(now: SearchPlan) -> dict[str, Any]:
    """Return a plan as it was: no search ended because its trials failed."""
    older: dict[str, Any] = json.loads(canonical_json(now.to_dict()))
    del older["stop_when_failing"]
    return {**older, "version": 3}


def test_a_plan_of_version_3_is_found_for_any_number_of_failing_trials(load) -> None:
    """It runs to its end as it began: none of them stops it."""
    now = plan(load())
    older = _of_version_3(now)
    assert digest(older) == GOLDEN_3
    assert (stop_when_failing(older), stop_when_failing(now.to_dict())) == (0, 20)
    for most in (0, 20, 7):
        today = plan(load(sets=[f"search.stop_when_failing={most}"]))
        assert digest(reworded(older, stop_when_failing=most)) == today.hash


def test_a_plan_of_version_2_is_found_while_all_data_is_the_same(load) -> None:
    """It held one hash of all data: whether its scenarios read the same, only that can tell."""
    pipeline = load()
    older = _of_version_2(plan(pipeline))
    assert digest(older) == GOLDEN_2
    assert digest(reworded(older, stop_when_failing=20)) == plan(pipeline).hash
    # Today's engine knows which files the scenario reads.
    now = resolve(pipeline, source="s" * 64, data={"default": "n" * 64})
    assert digest(reworded(older, now.data, lambda: "d" * 64, 20)) == now.hash
    assert digest(reworded(older, now.data, lambda: "e" * 64, 20)) != now.hash
    none = older | {"data": None}
    assert digest(reworded(none, stop_when_failing=20)) == plan(pipeline, data=None).hash


def test_each_scenario_has_the_data_that_it_reads(load, sound) -> None:
    """In its own record, so that a search of other scenarios is another plan."""
    text = sound.replace("[scenario]", "[[scenario]]\n\n[[scenario]]")
    found = resolve(load(text), source="s", data={"scenario-1": "a", "SPY": "b"}).to_dict()
    assert [one["data"] for one in found["scenarios"]] == ["a", "b"]


def test_the_order_of_keys_and_tables_decides_nothing(load, sound) -> None:
    """But that of stages does."""
    tables = sound.split("\n\n")
    turned = [tables[0], *reversed(tables[1:-3]), *tables[-3:]]
    turned = [
        "\n".join([head, *reversed(lines)])
        for head, *lines in (table.splitlines() for table in turned)
    ]
    assert turned != tables
    assert plan(load("\n\n".join(turned))).hash == plan(load()).hash
    unseeded = ['stage.ga={ use = "ga" }']
    swapped = [*unseeded, 'stage=[{ use = "ga" }, { use = "lhs", trials = 128 }]']
    assert plan(load(sets=swapped)).hash != plan(load(sets=unseeded)).hash


SEEDED = """
[[stage]]
use = "lhs"
name = "more"

[[stage]]
use = "ga"
name = "last"
seed_from = {}
"""


@pytest.mark.parametrize(
    ("given", "stages", "planned"),
    [
        ('"more"', ("more",), "more"),
        ('["more"]', ("more",), "more"),
        ('["ga", "lhs"]', ("lhs", "ga"), ["lhs", "ga"]),
        ('["more", "ga", "lhs"]', ("lhs", "ga", "more"), ["lhs", "ga", "more"]),
        ('"all"', ("lhs", "ga", "more"), ["lhs", "ga", "more"]),
    ],
)
def test_seeds_are_planned_in_the_order_of_the_stages(load, sound, given, stages, planned) -> None:
    """However they are written, since their trials are joined in the order they were told."""
    pipeline = load(sound + SEEDED.format(given))
    assert pipeline.stages[-1].seed_from == stages
    assert (
        json.loads(canonical_json(plan(pipeline).to_dict()))["stages"][-1]["seed_from"] == planned
    )


def test_the_hash_of_a_plan_stays_what_it_is(load) -> None:
    """A change of this is a change of PLAN_VERSION, and `reworded` must find runs begun before."""
    assert plan(load()).hash == GOLDEN


def test_the_hash_is_that_of_canonical_json(load) -> None:
    """Plain JSON values that survive being written and read."""
    found = plan(load())
    record = found.to_dict()
    assert json.loads(canonical_json(record)) == record
    assert found.hash == digest(record)
    assert Space.from_dict(record["space"]) == found.space


def test_nothing_of_where_it_runs_is_in_the_plan(load, folder, monkeypatch, tmp_path) -> None:
    """The same file in another folder has the same plan."""
    first = plan(load())
    assert str(folder) not in canonical_json(first.to_dict())
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert plan(load()).hash == first.hash


def test_a_file_in_the_options_counts_by_content(load, folder) -> None:
    """Renamed it is the same, edited it is not; one that is not there counts by its name."""
    (folder / "a.csv").write_text("1,2\n")
    (folder / "b.csv").write_text("1,2\n")
    a, b, absent = (
        plan(load(sets=[f"stage.ga.points={name}.csv"])).hash for name in ("a", "b", "absent")
    )
    assert a == b
    assert a != absent
    (folder / "a.csv").write_text("1,3\n")
    assert plan(load(sets=["stage.ga.points=a.csv"])).hash != a


def test_seeds_of_searches_and_stages_are_all_their_own(load) -> None:
    """Derived from the one seed by name."""
    found, other = plan(load()), plan(load(seed=8))
    [search], [elsewhere] = found.searches, other.searches
    seeds = [search.seed, search.stage_seed("lhs"), search.stage_seed("ga"), elsewhere.seed]
    assert len({*seeds, elsewhere.stage_seed("lhs")}) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_search_has_all_scenarios(load, sound) -> None:
    """One search, every trial of it under each scenario."""
    text = sound.replace("[scenario]", "[[scenario]]\n\n[[scenario]]")
    [search] = plan(load(text)).searches
    assert (search.number, search.scenarios) == (1, ("scenario-1", "SPY"))


def test_the_other_half(load, folder) -> None:
    """Where and how fast backtests run, what is kept, and who is told."""
    assert execution(load(sets=["search.curves=none"])).to_dict() == {
        "executor": {"use": "process", "threads": 1, "nice": 0, "scratch_folder": None},
        "workers": 2,
        "time_limit": 120.0,
        "memory_limit": None,
        "recycle_after": None,
        "recycle_growth": None,
        "retries": 2,
        "start_limit": 60.0,
        "start_patience": 120.0,
        "curves": "none",
        "durability": "process",
        "check_warm": 0.01,
        "time": None,
        "stage_times": {},
        "keep": "none",
        "sinks": [{"use": "jsonl", "path": "out.jsonl"}],
        "plugins": {"leanopt-calmar": "1.2", "leanopt-ga": "1.2", "leanopt-lhs": "1.2"},
        "folder": folder.as_posix(),
    }


@pytest.mark.parametrize("odd", [{"tags": [object()]}, {"weights": {"a": float("inf")}}])
def test_options_without_a_form_in_json_are_their_plugins_fault(load, odd) -> None:
    """As a converter's own class; the message names the plugin."""
    pipeline = load()
    options = evolve(pipeline.stages[1].choice.options, **odd)
    choice = evolve(pipeline.stages[1].choice, options=options)
    stages = (pipeline.stages[0], evolve(pipeline.stages[1], choice=choice))
    with pytest.raises(PluginError, match=r"^the options of 'ga' of leanopt-ga 1\.2 cannot"):
        plan(evolve(pipeline, stages=stages))
