"""leanopt's own keys in each table of a pipeline; plugins add theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, le, lt, min_len, optional

from leanopt_core.fitness import FITNESS
from leanopt_core.pipeline.lengths import Days, Length, Lengths, Rungs
from leanopt_core.pipeline.units import Bytes, Seconds

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")

LONGEST_NAME = 64
LONGEST_BYTES = 200
MOST = 10**9
"""Upper limit of counts: it fits the integers of databases and other languages."""
MOST_AT_ONCE = 10_000
"""Upper limit of the number of objects in memory at the same time."""
MOST_GROUPS = 100
"""Upper limit of groups of days: with more, each is too short for a backtest."""


def check_name(_instance: object, _attribute: Attribute[Any], name: str | None) -> None:
    """Raise ValueError for a name that cannot be part of a file name."""
    if name is None:
        return
    # File names contain it plus a suffix; file systems allow 255 bytes.
    if not 0 < len(name) <= LONGEST_NAME or len(name.encode(errors="replace")) > LONGEST_BYTES:
        raise ValueError(f"must have 1 to {LONGEST_NAME} characters, at most {LONGEST_BYTES} bytes")
    if not name.isprintable() or set(name) & {"/", "\\"} or name.strip() != name or name[0] == ".":
        raise ValueError("must be printable, without slashes, a leading dot or surrounding spaces")


def _check_objective(_instance: object, _attribute: Attribute[Any], name: str | None) -> None:
    if name is not None:
        check_objective(name)


def check_objective(name: str) -> None:
    """Raise ValueError for a name of an objective that a column or a formula could not have."""
    if name == FITNESS:
        raise ValueError(f"expected another name: {FITNESS!r} is the fitness that ranks trials")
    if not name.isprintable() or set(name) & set("[].") or not name or name.strip() != name:
        raise ValueError("must be printable, without dots, brackets or surrounding spaces")


def check_keep(_instance: object, _attribute: Attribute[Any], keep: str) -> None:
    """Raise ValueError for an unknown policy."""
    policy, _, most = keep.partition(":")
    if keep in {"none", "failed", "all"}:
        return
    if policy != "best" or not (most.isdecimal() and 0 < int(most) <= MOST_AT_ONCE):
        raise ValueError(f"expected 'none', 'failed', 'all' or 'best:N', N at most {MOST_AT_ONCE}")


def check_variables(_instance: object, _attribute: object, names: tuple[str, ...]) -> None:
    """Raise ValueError for a name that no environment variable has."""
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of an environment variable")


def _check_days(start: date | None, end: date | None) -> None:
    """Raise ValueError for a last day before the first."""
    if end is not None and start is not None and end < start:
        raise ValueError(f"expected {start} (start) or later")


def _above_nothing(_instance: object, _attribute: object, given: Any) -> None:
    if not all(given if isinstance(given, tuple) else (given,)):
        raise ValueError("must be > 0")


def _each_once(_instance: object, _attribute: object, names: tuple[str, ...]) -> None:
    """Raise ValueError for an empty or repeated name."""
    if "" in names or len(set(names)) < len(names):
        raise ValueError("expected different texts that are not empty")


@frozen
class TopTable:
    """The keys above the first table."""

    name: str = field(validator=check_name, metadata={"help": "prefix of run names"})
    seed: int = field(
        default=0,
        validator=[ge(0), lt(2**63)],
        metadata={"help": "seed of every random choice"},
    )
    scalar: str | None = field(
        default=None,
        metadata={"help": "with several [[fitness]]: formula over them that ranks trials"},
    )


@frozen
class StrategyTable:
    """`[strategy]`: the engine; the other keys are the engine's options."""

    engine: str = field(default="python", metadata={"help": "engine that runs the strategy"})
    id: str | None = field(
        default=None,
        validator=check_name,
        metadata={"help": "name of the strategy across edits (default: name)"},
    )
    environment: tuple[str, ...] = field(
        default=(),
        validator=check_variables,
        metadata={"help": "more variables of yours that workers get; results depend on them"},
    )


@frozen
class ScenarioTable:
    """`[scenario]` or `[[scenario]]`: the settings that every trial is backtested under."""

    name: str | None = field(
        default=None, validator=check_name, metadata={"help": "name of the scenario in results"}
    )
    symbol: str | None = field(
        default=None, validator=optional(min_len(1)), metadata={"help": "security to trade"}
    )
    start: date | None = field(default=None, metadata={"help": "first day"})
    end: date | None = field(default=None, metadata={"help": "last day"})
    cash: Decimal | None = field(
        default=None,
        validator=optional(gt(Decimal(0))),
        metadata={"help": "initial balance of the account"},
    )
    pass_as: Mapping[str, str] = field(
        factory=dict,
        metadata={"help": "scenario keys to pass as parameters, with their parameter names"},
    )
    warmup: Days | None = field(
        default=None,
        metadata={"help": "days before start that the strategy sees without trading"},
    )
    universe: Path | tuple[Any, ...] | None = field(
        default=None,
        metadata={"help": "securities to trade: a file, or a list of symbols or tables"},
    )
    separate: bool = field(
        default=False, metadata={"help": "whether each symbol of the universe has its own search"}
    )
    weight: Decimal | None = field(
        default=None,
        validator=optional([gt(Decimal(0)), le(Decimal(MOST))]),
        metadata={"help": 'its weight with aggregate = "weighted" (default: 1)'},
    )

    @warmup.validator
    def _before_start(self, _attribute: object, warmup: Days | None) -> None:
        if warmup is not None and self.start is None:
            raise ValueError("expected start beside it: warm-up is the days before start")

    @universe.validator
    def _without_symbol(self, _attribute: object, universe: object) -> None:
        if universe is not None and self.symbol is not None:
            raise ValueError("expected either universe or symbol")
        if universe is not None and self.name is not None:
            raise ValueError("expected either universe or name: each symbol is a name")

    @separate.validator
    def _of_a_universe(self, _attribute: object, separate: bool) -> None:
        if separate and self.universe is None:
            raise ValueError("expected universe beside it")

    @end.validator
    def _not_before_start(self, _attribute: object, end: date | None) -> None:
        _check_days(self.start, end)


@frozen
class HoldoutTable:
    """`[holdout]`: days or symbols that the search must not see, for `leanopt holdout`."""

    start: date | None = field(default=None, metadata={"help": "first day"})
    end: date | None = field(default=None, metadata={"help": "last day"})
    symbols: tuple[str, ...] = field(
        default=(), validator=_each_once, metadata={"help": "symbols, instead of days"}
    )

    @end.validator
    def _not_before_start(self, _attribute: object, end: date | None) -> None:
        _check_days(self.start, end)


@frozen
class WalkForwardTable:
    """`[walk_forward]`: windows over the days of the scenario, each with a search and a test."""

    train: Lengths = field(
        validator=_above_nothing,
        metadata={"help": "days that judge trials, or a list of lengths"},
    )
    test: Lengths = field(
        validator=_above_nothing, metadata={"help": "days of the test, or a list of lengths"}
    )
    step: Length | None = field(
        default=None,
        validator=optional(_above_nothing),
        metadata={"help": "from one window to the next (default: test)"},
    )
    anchored: bool = field(
        default=False, metadata={"help": "whether all windows start at the first day"}
    )
    embargo: Length | None = field(
        default=None, metadata={"help": "days between train and test that neither has"}
    )
    warmup: Days | None = field(
        default=None, metadata={"help": "as in [scenario], for each window (default: that one)"}
    )


@frozen
class CpcvTable:
    """`[cpcv]`: a search for each choice of test groups, on the other groups of days."""

    groups: int = field(
        validator=[ge(2), le(MOST_GROUPS)],
        metadata={"help": "number of groups of neighbouring days"},
    )
    test_groups: int = field(
        default=2, validator=ge(1), metadata={"help": "groups that each search is tested on"}
    )
    purge: Days | None = field(
        default=None, metadata={"help": "days before and after a test that do not train"}
    )
    embargo: Days | None = field(
        default=None, metadata={"help": "days after that, which do not train either"}
    )
    warmup: Days | None = field(
        default=None, metadata={"help": "as in [scenario], for each group (default: that one)"}
    )


@frozen
class ParameterTable:
    """`[parameters]`: one searched parameter; a fixed parameter is a plain value."""

    min: int | Decimal | None = field(default=None, metadata={"help": "lowest value"})
    max: int | Decimal | None = field(default=None, metadata={"help": "upper limit of the values"})
    step: int | Decimal | None = field(default=None, metadata={"help": "distance between values"})
    levels: int | None = field(default=None, metadata={"help": "number of values on a log scale"})
    scale: Literal["log"] | None = field(
        default=None, metadata={"help": "the ratio between values is the same, not the distance"}
    )
    values: tuple[int | Decimal, ...] | None = field(
        default=None, metadata={"help": "increasing numbers"}
    )
    choices: tuple[int | Decimal | str | bool, ...] | None = field(
        default=None, metadata={"help": "texts, numbers, true or false, without order"}
    )
    when: str | None = field(
        default=None, metadata={"help": "condition without which it has its first value"}
    )


@frozen
class SoftTable:
    """One of `soft` in `[constraints]`."""

    rule: str = field(metadata={"help": 'for example "Drawdown <= 20%"'})
    weight: float = field(
        default=1.0,
        validator=[gt(0), le(MOST)],
        metadata={
            "help": "fitness lost if the statistic is as far from the bound as that is large"
        },
    )


@frozen
class ConstraintsTable:
    """`[constraints]`: constraints on parameters and results."""

    parameters: tuple[str, ...] = field(default=(), metadata={"help": 'for example "fast < slow"'})
    results: tuple[str, ...] = field(default=(), metadata={"help": 'for example "Drawdown <= 25%"'})
    soft: tuple[SoftTable, ...] = field(
        default=(), metadata={"help": "constraints on results that cost fitness if violated"}
    )


@frozen
class FitnessTable:
    """`[fitness]`: the fitness function; the other keys are its options."""

    use: str = field(metadata={"help": "fitness function that scores trials"})


@frozen
class ObjectiveTable(FitnessTable):
    """One of several `[[fitness]]`: an objective; the other keys are the function's options."""

    name: str | None = field(
        default=None,
        validator=_check_objective,
        metadata={"help": "name of the objective (default: use)"},
    )


@frozen
class SearchSettings:
    """`[search]`: the lookahead, and what is stored of each backtest."""

    lookahead: int = field(
        default=16,
        validator=[ge(1), le(MOST_AT_ONCE)],
        metadata={"help": "number of trials proposed ahead of results"},
    )
    curves: Literal["daily", "none"] = field(
        default="daily", metadata={"help": "daily returns to store for each backtest"}
    )
    durability: Literal["process", "power"] = field(
        default="process", metadata={"help": "failure that finished backtests survive"}
    )
    check_warm: float = field(
        default=0.01,
        validator=[ge(0), le(1)],
        metadata={"help": "share of the workers' time for making backtests again on fresh workers"},
    )
    keep: str = field(
        default="none",
        validator=check_keep,
        metadata={"help": "trials whose full result files are kept: none, failed, all, or best:20"},
    )
    trials: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "budget of all stages together"},
    )
    backtests: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "budget of backtests of all stages together"},
    )
    time: Seconds | None = field(
        default=None, metadata={"help": "running time after which the search ends"}
    )
    stop_when_failing: int = field(
        default=20,
        validator=[ge(0), le(MOST)],
        metadata={"help": "first trials after which the search ends if all fail alike; 0: never"},
    )


@frozen
class PruneTable:
    """`[prune]`: which trials are not backtested under all their scenarios, or on all days."""

    use: Literal["none", "bound", "halving"] = field(
        default="none",
        metadata={"help": '"bound": those that cannot be the best; "halving": all but the best'},
    )
    rungs: Rungs = field(
        default=Rungs(()),
        metadata={"help": "scenarios, or last days of each, that judge a trial before all do"},
    )
    reduction: int = field(
        default=3,
        validator=[ge(2), le(1000)],
        metadata={"help": "one of so many trials goes on at each rung"},
    )

    @rungs.validator
    def _growing(self, _attribute: object, _rungs: Rungs) -> None:
        if any(after <= before for before, after in pairwise((0, *self.counts))):
            raise ValueError("must be numbers from 1 that grow")

    @property
    def counts(self) -> tuple[int, ...]:
        """Return the rungs that are numbers of scenarios."""
        return tuple(one for one in self.rungs if isinstance(one, int))

    @property
    def lengths(self) -> tuple[Length, ...]:
        """Return the rungs that are lengths of days."""
        return tuple(one for one in self.rungs if isinstance(one, Length))


@frozen
class ChooseTable:
    """`[choose]`: which trial of a search is tested, exported and shown as chosen."""

    use: Literal["best", "plateau", "front"] = field(
        default="best",
        metadata={"help": '"plateau": one that is good with its neighbours; "front": no best one'},
    )
    radius: int = field(
        default=1,
        validator=[ge(1), le(1000)],
        metadata={"help": "steps by which one parameter of a neighbour may differ"},
    )
    statistic: Literal["median", "worst"] = field(
        default="median", metadata={"help": "what counts of a trial and its neighbours"}
    )
    tested: int = field(
        default=1,
        validator=[ge(1), le(MOST_AT_ONCE)],
        metadata={"help": "number of trials that are backtested under the tests of their search"},
    )


@frozen
class ExecutorTable:
    """`[executor]`: where backtests run, and limits; the other keys are the executor's options."""

    use: str = field(default="process", metadata={"help": "executor that runs backtests"})
    workers: Literal["auto"] | int = field(
        default="auto", metadata={"help": "number of parallel backtests"}
    )
    time_limit: Seconds | None = field(default=None, metadata={"help": "limit per backtest"})
    memory_limit: Bytes | None = field(default=None, metadata={"help": "limit per worker"})
    recycle_after: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "backtests after which a worker is replaced"},
    )
    recycle_growth: Bytes | None = field(
        default=None, metadata={"help": "memory growth after which a warmed-up worker is replaced"}
    )
    retries: int = field(
        default=2,
        validator=[ge(0), le(MOST)],
        metadata={"help": "retries of a backtest whose worker failed"},
    )
    start_limit: Seconds = field(
        default=Seconds(60.0), metadata={"help": "limit from a worker's start to its hello"}
    )
    start_patience: Seconds = field(
        default=Seconds(120.0),
        metadata={"help": "how long to retry worker starts without a completed backtest"},
    )

    @workers.validator
    def _a_sane_number(self, _attribute: object, workers: int | str) -> None:
        if isinstance(workers, int) and not 1 <= workers <= MOST_AT_ONCE:
            raise ValueError("must be >= 1" if workers < 1 else f"must be <= {MOST_AT_ONCE}")


@frozen
class StageTable:
    """`[[stage]]`: one search method; the other keys are the method's options."""

    use: str = field(metadata={"help": "search method"})
    name: str | None = field(
        default=None, validator=check_name, metadata={"help": "name of the stage (default: use)"}
    )
    trials: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "budget of this stage"},
    )
    patience: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "trials without improvement before it ends"},
    )
    min_delta: float = field(
        default=0.0, validator=ge(0), metadata={"help": "smallest gain that counts as improvement"}
    )
    target: float | None = field(default=None, metadata={"help": "fitness at which the stage ends"})
    time: Seconds | None = field(
        default=None, metadata={"help": "running time after which the stage ends"}
    )
    seed_from: str | tuple[str, ...] | None = field(
        default=None,
        metadata={"help": 'earlier stage whose trials it starts from, a list of them, or "all"'},
    )


@frozen
class SinkTable:
    """`[[sink]]`: a further output for trials; the other keys are the sink's options."""

    use: str = field(metadata={"help": "result sink"})


TABLES: Mapping[str, type] = MappingProxyType(
    {
        "strategy": StrategyTable,
        "scenario": ScenarioTable,
        "walk_forward": WalkForwardTable,
        "cpcv": CpcvTable,
        "holdout": HoldoutTable,
        "parameters": ParameterTable,
        "constraints": ConstraintsTable,
        "fitness": FitnessTable,
        "search": SearchSettings,
        "prune": PruneTable,
        "choose": ChooseTable,
        "executor": ExecutorTable,
        "stage": StageTable,
        "sink": SinkTable,
    }
)
"""The class of each table; `parameters` has one such table per searched parameter."""
