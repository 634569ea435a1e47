"""lean-optimizer's stages, as stages of a pipeline."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from leanopt_lean.importing.draft import MISSING, At, Draft, Entry
from leanopt_lean.importing.table import Number, Table

#: Each stage's own keys with its defaults; None has none.
_GENETIC: Final = MappingProxyType(
    {
        "population_size": 125,
        "n_generations": 73,
        "crossover_prob": None,
        "mutation_prob": None,
        "tournament_size": None,
        "batch_size": 15,
        "early_stopping_generations": None,
        "early_stopping_min_delta": None,
    }
)
_SEEDS: Final = ("seed", "random_state")
_STANDALONE: Final = "genetic_standalone"
_SEEDED: Final = "genetic_seeded"
_UNKNOWN: Final = "lean-optimizer does not read it"


def put_stages(stages: Table, draft: Draft) -> None:
    """Add the stages that lean-optimizer would run, in its order, and set the seed."""
    read = {
        name: stages.table(name) for name in ("lhs", "bayesian", _SEEDED, "local_grid", _STANDALONE)
    }
    stages.rest({}, _UNKNOWN)
    alone = read.pop(_STANDALONE)
    if alone is not None and _enabled(alone, default=False):
        for other in filter(None, read.values()):
            draft.dropped(other.at, f"{_STANDALONE} replaces the others")
        _put_genetic(alone, draft)
        return
    if alone is not None:
        draft.dropped(alone.at, "not enabled")
    puts = {
        "lhs": _put_lhs,
        "bayesian": _put_bayesian,
        _SEEDED: _put_genetic,
        "local_grid": _put_local_grid,
    }
    for name, table in read.items():
        if table is None:
            continue
        if not table.raw or not _enabled(table, default=name != _SEEDED):
            draft.dropped(table.at, "not enabled")
        else:
            puts[name](table, draft)
    if not draft.stages and not draft.mistakes:
        draft.mistake(stages.at, dict(stages.raw), "expected one stage at least that is enabled")


def _enabled(table: Table, *, default: bool) -> bool:
    """Return whether lean-optimizer would run a stage; its own configurations say so of some."""
    _, given = table.take("enabled")
    return default if given is MISSING else table.truth("enabled")


def _put_lhs(table: Table, draft: Draft) -> None:
    trials = _whole(table, "n_samples", 150)
    _seed(table, draft)
    table.rest({}, _UNKNOWN)
    draft.stage("lhs", table.at, trials=trials)


def _put_bayesian(table: Table, draft: Draft) -> None:
    trials, batch = _whole(table, "n_calls", 250), table.whole("batch_size")
    at, _ = table.take("batch_size")
    if batch is not None:
        draft.put("search", "lookahead", batch, at, "lean-optimizer's batch_size")
        draft.note(
            at,
            "becomes [search] lookahead, for all stages: lean-optimizer asks for a batch and waits "
            "for all of it; leanopt asks for the next point as soon as the first result is told",
        )
    _seed(table, draft)
    table.rest({}, _UNKNOWN)
    # lean-optimizer adds the results of all earlier stages to the study.
    earlier = {"seed_from": _earlier(draft, table.at)} if draft.stages else {}
    draft.stage("optuna", table.at, sampler=Entry("tpe", table.at), trials=trials, **earlier)


def _put_local_grid(table: Table, draft: Draft) -> None:
    options = {key: _whole(table, key, default) for key, default in (("top_n", 5), ("radius", 1))}
    if table.whole("max_neighbors") is not None:
        at, value = table.take("max_neighbors")
        comment = "lean-optimizer draws max_neighbors at random; leanopt takes the nearest first"
        options["trials"] = Entry(value, at, comment)
    table.rest({}, _UNKNOWN)
    if not draft.stages:
        draft.dropped(table.at, "no earlier stage has results to continue from")
    else:
        draft.stage("local_grid", table.at, **options)


def _put_genetic(table: Table, draft: Draft) -> None:
    options: dict[str, Entry] = {}
    for key, default in _GENETIC.items():
        number = table.number(key)
        at, _ = table.take(key)
        value: Number | None = default if number is None else number
        if value is not None:
            options[key] = Entry(value, at if number is not None else table.at)
    same = "as lean-optimizer, which has no such option"
    options["final_population_size"] = Entry(options["population_size"].value, table.at, same)
    options["restart"] = Entry(False, table.at, same)
    options["clones"] = Entry(True, table.at, "as lean-optimizer, which counts them in generations")
    options |= _seeds(table, draft)
    _seed(table, draft)
    table.rest({}, _UNKNOWN)
    draft.stage("ga_deap", table.at, **options)


def _seeds(table: Table, draft: Draft) -> dict[str, Entry]:
    """Return how many trials of the earlier stages join the population."""
    count = _whole(table, "n_seeds", 10)
    at, _ = table.take("seed_from_previous")
    if not table.truth("seed_from_previous"):
        if table.whole("n_seeds"):
            draft.dropped(table.at / "n_seeds", "seed_from_previous is not true")
        return {}
    if not draft.stages:
        draft.dropped(at, "this is the first stage")
        return {}
    return {"n_seeds": count, "seed_from": _earlier(draft, at)}


def _earlier(draft: Draft, at: At) -> Entry:
    """Return the value of `seed_from` that means all earlier stages."""
    return Entry(draft.stages[0]["use"].value if len(draft.stages) == 1 else "all", at)


def _whole(table: Table, key: str, default: int) -> Entry:
    number = table.whole(key)
    at: At = table.take(key)[0] if number is not None else table.at
    return Entry(default if number is None else number, at)


def _seed(table: Table, draft: Draft) -> None:
    """Make a stage's seed that of the run; there is one only."""
    for key in _SEEDS:
        seed, (at, _) = table.whole(key), table.take(key)
        if seed is None:
            continue
        if "seed" in draft.tables.get("", {}):
            draft.dropped(at, "a run has one seed for all random choices")
        else:
            comment = "the trials differ from lean-optimizer's, whose random generators differ"
            draft.put("", "seed", seed, at, comment)
