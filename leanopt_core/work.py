"""The values in which engines and executors meet: neither knows the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from attrs import field, frozen

from leanopt_core.space import Value
from leanopt_core.statistics import Statistics


class Category(StrEnum):
    """Why a backtest has no result."""

    STRATEGY = "strategy error"
    TIMEOUT = "timeout"
    DIED = "worker died"
    ENGINE = "engine error"
    NO_RESULT = "no result"


#: Categories that say something about the backtest itself, so that a later run may rely on them.
LASTING = frozenset({Category.STRATEGY, Category.NO_RESULT})


@frozen
class Failure:
    """A backtest that did not complete: its category and the message for the user."""

    category: Category
    message: str


@frozen
class Scenario:
    """What a trial is backtested under: symbol, dates, cash, and whatever else the user names.

    `data` is not a part: where data lies belongs to the execution, its content to the content key.
    """

    name: str = "default"
    symbol: str | None = None
    start: date | None = None
    end: date | None = None
    cash: Decimal | None = None
    extras: Mapping[str, Any] = field(factory=dict)
    pass_as: Mapping[str, str] = field(factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what was given, as plain JSON values (dates as ISO texts), for keys and plans."""
        known = {
            "name": self.name,
            "symbol": self.symbol,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "cash": self.cash,
            "pass_as": dict(self.pass_as) or None,
        }
        given = {name: value for name, value in known.items() if value is not None}
        return {**self.extras, **given}


@frozen
class Mount:
    """A host folder or file that the harness must see, at `{name}` (read-only but for scratch)."""

    name: str
    source: Path
    writable: bool = False


@frozen
class Launch:
    """How an engine's harness is started.

    `command` and the values of `environment` may hold `{build}`, `{data}`, `{harness}`,
    `{scratch}` and `{python}`, which the executor fills in for the place where the worker runs.
    """

    command: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)
    identity: str | None = None


@frozen
class Request:
    """One backtest as the harness is told it: `payload` is the JSON object of its members.

    The pool adds the `id`. Of each of the `placeholders` (as `{data}`) the first JSON text that is
    exactly it is filled in for the worker's place. `files` are written below `{scratch}` first, by
    relative name. `outputs` repeats what the answer is to bring beside the statistics.
    """

    payload: str
    placeholders: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(factory=dict)
    outputs: frozenset[str] = frozenset()


@frozen
class Answer:
    """What a harness said to one request, `payload` being the parsed line.

    `open_file` opens a file that the worker left below `{scratch}`, by relative name.
    """

    payload: Mapping[str, Any]
    open_file: Callable[[str], BinaryIO]


@frozen
class Equity:
    """An equity curve: seconds since 1970-01-01 UTC, increasing, and the value at each."""

    times: Sequence[int]
    values: Sequence[float]


@frozen
class Backtest:
    """The unit of work and of caching: parameters under a scenario, with their content key."""

    key: str
    parameters: Mapping[str, Value]
    scenario: Scenario


@frozen
class Outcome:
    """What an engine read from an answer: statistics, or a failure, never both.

    `read` names the parameters that the strategy asked for, None where the harness cannot say.
    `trades` counts closed trades where the engine reports them.
    """

    statistics: Statistics | None = None
    failure: Failure | None = None
    equity: Equity | None = None
    trades: Sequence[Sequence[float | None]] | None = None
    read: frozenset[str] | None = None
