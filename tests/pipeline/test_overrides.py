"""`--set` and the flags: what they can reach, and who wins."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("seed=8", lambda p: p.seed == 8),
        ("name=other-name", lambda p: p.name == "other-name"),
        ("name='quoted name'", lambda p: p.name == "quoted name"),
        ("executor.workers=auto", lambda p: p.executor.workers is None),
        ("executor.workers = 8 ", lambda p: p.executor.workers == 8),
        ("executor.time_limit=1h30min", lambda p: p.executor.time_limit == 5400),
        ("executor.memory_limit=512MB", lambda p: p.executor.memory_limit == 512_000_000),
        ("scenario.start=2010-01-04", lambda p: p.scenarios[0].start == date(2010, 1, 4)),
        ("scenario.cash=1_000.5", lambda p: p.scenarios[0].cash == Decimal("1000.5")),
        ("scenario.slippage=0.1", lambda p: p.scenarios[0].extras == {"slippage": Decimal("0.1")}),
        ("stage.0.trials=5", lambda p: p.stages[0].trials == 5),
        ("stage[1].trials=6", lambda p: p.stages[1].trials == 6),
        ("stage.ga.trials=7", lambda p: p.stages[1].trials == 7),
        (
            "stage.ga.crossover.rate=0.25",
            lambda p: p.stages[1].choice.options.crossover.rate == 0.25,
        ),
        ("stage.ga.weights={a = 1}", lambda p: p.stages[1].choice.options.weights == {"a": 1.0}),
        ("parameters.fast.max=9", lambda p: len(p.space.axis("fast")) == 5),
        ("parameters.fast=9", lambda p: p.space.fixed["fast"] == 9),
        ('parameters."my size"=9', lambda p: p.space.fixed["my size"] == 9),
        ("constraints.results=[]", lambda p: p.constraints == ()),
        ("sink=[]", lambda p: p.sinks == ()),
        ("search.curves=none", lambda p: p.search.curves == "none"),
    ],
)
def test_set_reaches_any_key(load, text, found) -> None:
    """Values are TOML; what is none is a text; stages have an index and a name."""
    assert found(load(sets=[text]))


def test_a_name_of_its_own_is_how_a_stage_is_reached(load, sound) -> None:
    """`name` goes before `use`; an index goes before both."""
    text = sound.replace('use = "ga"', 'use = "ga"\nname = "fine"')
    assert load(text, sets=["stage.fine.trials=3"]).stages[1].trials == 3
    text = sound.replace('use = "ga"', 'use = "ga"\nname = "0"')
    assert [s.trials for s in load(text, sets=["stage.0.trials=3"]).stages] == [3, 600]


def test_the_last_one_wins_and_flags_win_over_all(load) -> None:
    """File, then --set in their order, then the flags."""
    sets = ["seed=1", "seed=2", "executor.workers=3", "scenario.symbol=QQQ"]
    pipeline = load(sets=sets)
    assert (pipeline.seed, pipeline.executor.workers) == (2, 3)
    assert pipeline.scenarios[0].symbol == "QQQ"
    pipeline = load(sets=sets, seed=5, workers=6, symbol="IWM")
    assert (pipeline.seed, pipeline.executor.workers) == (5, 6)
    assert pipeline.scenarios[0].symbol == "IWM"


def test_values_of_set_are_filled_in_from_the_environment(load) -> None:
    """As those of the file are."""
    found = load(sets=["name=${RUN:-x}-1"], environment={"RUN": "night"})
    assert found.name == "night-1"


def test_a_flag_that_does_not_fit_is_named(messages) -> None:
    """Messages say which flag, not the file."""
    assert messages(seed=-1, workers=0, symbol="") == [
        "--seed -1: seed: found -1, must be >= 0 (seed of every random choice)",
        '--symbol : scenario.symbol: found "", its length must be >= 1 (security to trade)',
        "--workers 0: executor.workers: found 0, must be >= 1 (number of parallel backtests)",
    ]


def test_the_symbol_flag_is_for_one_scenario(load, messages, sound) -> None:
    """One in an array will do; for several, each is set by name."""
    one = sound.replace("[scenario]", "[[scenario]]")
    assert [s.symbol for s in load(one, symbol="QQQ").scenarios] == ["QQQ"]
    two = sound.replace("[scenario]", '[[scenario]]\nname = "calm"\n\n[[scenario]]')
    assert messages(two, symbol="QQQ") == [
        (
            "--symbol QQQ: scenario: found 2 scenarios, expected one, "
            "or --set scenario.NAME.symbol=SYMBOL for each"
        )
    ]
    found = load(two, sets=["scenario.calm.symbol=QQQ", "scenario.1.symbol=IWM"])
    assert [s.symbol for s in found.scenarios] == ["QQQ", "IWM"]


def test_set_makes_the_tables_on_its_way(load, sound) -> None:
    """A table that the file lacks is made."""
    text = sound.replace("[search]\nlookahead = 8\n", "")
    assert load(text, sets=["search.lookahead=4"]).search.lookahead == 4


def test_a_mistake_in_a_value_that_was_set_is_one_line(messages) -> None:
    """Whatever was typed: control characters are written out."""
    assert messages(sets=["seed=a\nb\x1b[31m"]) == [
        (
            '--set seed=a\\u000ab\\u001b[31m: seed: found "a\\nb\\u001b[31m", '
            "expected a whole number (seed of every random choice)"
        )
    ]
