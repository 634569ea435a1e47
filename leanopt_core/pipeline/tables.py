"""The keys that leanopt itself knows in each table of a pipeline; plugins bring the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt, le, lt, min_len, optional

from leanopt_core.pipeline.units import Bytes, Seconds

LONGEST_NAME = 64
LONGEST_BYTES = 200
MOST = 10**9
"""No count is above it, so that none overflows a database or a counter of another language."""
MOST_AT_ONCE = 10_000
"""No number of things that are in memory at once is above it."""


def check_name(_instance: object, _attribute: Attribute[Any], name: str | None) -> None:
    """Refuse, with ValueError, a name that cannot be part of a file's name."""
    if name is None:
        return
    # Files are named after it, with something behind it; file systems take 255 bytes.
    if not 0 < len(name) <= LONGEST_NAME or len(name.encode(errors="replace")) > LONGEST_BYTES:
        raise ValueError(f"must have 1 to {LONGEST_NAME} characters, {LONGEST_BYTES} bytes at most")
    if not name.isprintable() or set(name) & {"/", "\\"} or name.strip() != name or name[0] == ".":
        raise ValueError("must be printable, without slashes, outer spaces and a leading dot")


def check_keep(_instance: object, _attribute: Attribute[Any], keep: str) -> None:
    """Refuse, with ValueError, what names no results to keep."""
    policy, _, most = keep.partition(":")
    if keep in {"none", "failed", "all"}:
        return
    if policy != "best" or not (most.isdecimal() and 0 < int(most) <= MOST_AT_ONCE):
        raise ValueError(f"expected 'none', 'failed', 'all' or 'best:N', N at most {MOST_AT_ONCE}")


@frozen
class TopTable:
    """What stands above the first table."""

    name: str = field(validator=check_name, metadata={"help": "what runs are called after"})
    seed: int = field(
        default=0,
        validator=[ge(0), lt(2**63)],
        metadata={"help": "every random choice comes from it"},
    )


@frozen
class StrategyTable:
    """`[strategy]`: which engine; its other keys are the engine's options."""

    engine: str = field(default="python", metadata={"help": "which engine runs the strategy"})
    id: str | None = field(
        default=None,
        validator=check_name,
        metadata={"help": "what the strategy is known as across edits; by default the name"},
    )


@frozen
class ScenarioTable:
    """`[scenario]` or `[[scenario]]`: what every trial is backtested under."""

    name: str | None = field(
        default=None, validator=check_name, metadata={"help": "what results are listed under"}
    )
    symbol: str | None = field(
        default=None, validator=optional(min_len(1)), metadata={"help": "the security to trade"}
    )
    start: date | None = field(default=None, metadata={"help": "first day"})
    end: date | None = field(default=None, metadata={"help": "last day"})
    cash: Decimal | None = field(
        default=None,
        validator=optional(gt(Decimal(0))),
        metadata={"help": "the account's first balance"},
    )
    pass_as: Mapping[str, str] = field(
        factory=dict, metadata={"help": "keys to pass as parameters too, under which names"}
    )

    @end.validator
    def _not_before_start(self, _attribute: object, end: date | None) -> None:
        if end is not None and self.start is not None and end < self.start:
            raise ValueError(f"expected a day not before start, which is {self.start}")


@frozen
class ParameterTable:
    """`[parameters]`: one searched parameter; a fixed one is its plain value."""

    min: int | Decimal | None = field(default=None, metadata={"help": "the lowest value"})
    max: int | Decimal | None = field(default=None, metadata={"help": "no value is above it"})
    step: int | Decimal | None = field(default=None, metadata={"help": "from value to value"})
    values: tuple[int | Decimal, ...] | None = field(
        default=None, metadata={"help": "numbers that rise, not evenly"}
    )
    choices: tuple[int | Decimal | str | bool, ...] | None = field(
        default=None, metadata={"help": "texts, numbers, or true and false, in no order"}
    )


@frozen
class ConstraintsTable:
    """`[constraints]`: what parameters and results must satisfy."""

    parameters: tuple[str, ...] = field(default=(), metadata={"help": 'as "fast < slow"'})
    results: tuple[str, ...] = field(default=(), metadata={"help": 'as "Drawdown <= 25%"'})


@frozen
class FitnessTable:
    """`[fitness]`: the fitness function; its other keys are the function's options."""

    use: str = field(metadata={"help": "which fitness function judges trials"})


@frozen
class SearchSettings:
    """`[search]`: how far proposals run ahead of results, and what is kept of each backtest."""

    lookahead: int = field(
        default=16,
        validator=[ge(1), le(MOST_AT_ONCE)],
        metadata={"help": "how far proposals run ahead of results"},
    )
    curves: Literal["daily", "none"] = field(
        default="daily", metadata={"help": "whether each backtest's daily returns are kept"}
    )
    durability: Literal["process", "power"] = field(
        default="process", metadata={"help": "what no finished backtest is lost to"}
    )
    keep: str = field(
        default="none",
        validator=check_keep,
        metadata={"help": "whose full result files are kept: none, failed, all, or best:20"},
    )


@frozen
class ExecutorTable:
    """`[executor]`: where backtests run, and their limits; its other keys are the executor's."""

    use: str = field(default="process", metadata={"help": "which executor runs backtests"})
    workers: Literal["auto"] | int = field(
        default="auto", metadata={"help": "how many backtests run at once"}
    )
    time_limit: Seconds | None = field(default=None, metadata={"help": "of one backtest"})
    memory_limit: Bytes | None = field(default=None, metadata={"help": "of one worker"})
    recycle_after: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "most backtests of a worker before it is replaced"},
    )
    recycle_growth: Bytes | None = field(
        default=None, metadata={"help": "growth of a settled worker after which it is replaced"}
    )
    retries: int = field(
        default=2,
        validator=[ge(0), le(MOST)],
        metadata={"help": "fresh workers tried after trouble with one"},
    )
    start_patience: Seconds = field(
        default=Seconds(120.0),
        metadata={"help": "how long starts are tried without one completed backtest"},
    )

    @workers.validator
    def _a_sane_number(self, _attribute: object, workers: int | str) -> None:
        if isinstance(workers, int) and not 1 <= workers <= MOST_AT_ONCE:
            raise ValueError("must be >= 1" if workers < 1 else f"must be <= {MOST_AT_ONCE}")


@frozen
class StageTable:
    """`[[stage]]`: one search method; its other keys are the method's options."""

    use: str = field(metadata={"help": "which search method"})
    name: str | None = field(
        default=None, validator=check_name, metadata={"help": "by default what use says"}
    )
    trials: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "most trials of this stage"},
    )
    patience: int | None = field(
        default=None,
        validator=optional([ge(1), le(MOST)]),
        metadata={"help": "trials without progress after which it ends"},
    )
    min_delta: float = field(
        default=0.0, validator=ge(0), metadata={"help": "the least gain that is progress"}
    )
    target: float | None = field(default=None, metadata={"help": "a fitness at which it ends"})
    seed_from: str | None = field(
        default=None, metadata={"help": "an earlier stage whose trials it starts from"}
    )


@frozen
class SinkTable:
    """`[[sink]]`: who else is told of trials; its other keys are the sink's options."""

    use: str = field(metadata={"help": "which result sink"})


TABLES: Mapping[str, type] = MappingProxyType(
    {
        "strategy": StrategyTable,
        "scenario": ScenarioTable,
        "parameters": ParameterTable,
        "constraints": ConstraintsTable,
        "fitness": FitnessTable,
        "search": SearchSettings,
        "executor": ExecutorTable,
        "stage": StageTable,
        "sink": SinkTable,
    }
)
"""The class of each table; `parameters` holds one such table for each searched parameter."""
