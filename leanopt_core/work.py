"""The values that engines and executors exchange; neither knows the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from attrs import field, frozen

from leanopt_core.outputs import ClosedTrade, DailyReturns, Equity
from leanopt_core.space import Value
from leanopt_core.statistics import Statistics


class Category(StrEnum):
    """The category of a failed backtest."""

    STRATEGY = "strategy error"
    TIMEOUT = "timeout"
    DIED = "worker died"
    ENGINE = "engine error"
    NO_RESULT = "no result"


#: Categories that are properties of the backtest itself, so later runs may reuse them.
LASTING = frozenset({Category.STRATEGY, Category.NO_RESULT})


def _valid(text: str) -> str:
    # A method must be told the same text before and after the store has kept it.
    return text.encode("utf-8", "backslashreplace").decode()


@frozen
class Failure:
    """Why a backtest failed: category, and a message for the user.

    Lone surrogates in the message are escaped, as in the store. `outside` is true if its worker was
    ended from outside, which is not the backtest's fault.
    """

    category: Category
    message: str = field(converter=_valid)
    outside: bool = False


@frozen
class Scenario:
    """The settings of a backtest besides parameters: symbol, dates, cash and the user's own keys.

    `warmup` is the number of calendar days before `start` that the strategy sees without trading.
    The name is a label: it decides no result. Nor does `weight`, which counts when the values of
    several scenarios are combined; None is 1. `data` is not part of it: its path belongs to the
    execution, its content to the content key.
    """

    name: str = "default"
    symbol: str | None = None
    start: date | None = None
    end: date | None = None
    cash: Decimal | None = None
    extras: Mapping[str, Any] = field(factory=dict)
    pass_as: Mapping[str, str] = field(factory=dict)
    weight: Decimal | None = None
    warmup: int | None = None

    @property
    def seen_from(self) -> date | None:
        """Return the first day that the strategy sees: `start`, or `warmup` days before it."""
        if self.start is None or self.warmup is None:
            return self.start
        return date.fromordinal(max(1, self.start.toordinal() - self.warmup))

    def to_dict(self) -> dict[str, Any]:
        """Return the given values as plain JSON (dates as ISO text), for plans."""
        weighted = {} if self.weight is None else {"weight": self.weight}
        return {**self.settings(), **weighted, "name": self.name}

    def settings(self) -> dict[str, Any]:
        """Return the values that decide results as plain JSON, for content keys and requests."""
        known = {
            "symbol": self.symbol,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "cash": self.cash,
            "warmup": self.warmup,
            "pass_as": dict(self.pass_as) or None,
        }
        given = {name: value for name, value in known.items() if value is not None}
        return {**self.extras, **given}


@frozen
class Mount:
    """A host folder or file that the harness sees at `{name}`, read-only except for scratch.

    The name has lowercase letters, digits and `_`: one of `PLACEHOLDERS`, or the engine's own.
    """

    name: str
    source: Path
    writable: bool = False


#: Path placeholders that every executor fills in, in commands and requests: `{data}` and so on.
#: The names of a launch's mounts are placeholders too.
PLACEHOLDERS = ("build", "data", "harness", "output", "scratch", "python")

#: Placeholder for a request's own folder, in its payload and files.
REQUEST = "{request}"


@frozen
class Launch:
    """How an engine's harness is started.

    `command` and the values of `environment` may contain the names of `mounts`, `{scratch}` and
    `{python}` in braces; the executor replaces them with paths on the worker's side.
    Memory growth counts from a worker's memory after `settled_after` requests, when its runtime has
    warmed up. `recycle_growth` is the default growth in bytes before a worker is replaced. `memory`
    is the worker's default memory limit in bytes for executors that always set one; `memory_why`
    explains it to the user. `identity` is what the harness must report, `files` name the strategy's
    files that it covers.
    """

    command: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)
    identity: str | None = None
    settled_after: int = 1
    recycle_growth: int | None = None
    memory: int | None = None
    memory_why: str = ""
    files: tuple[str, ...] = ()


#: The output that requests full result files from an engine that writes them on demand.
DOCUMENT = "document"


@frozen
class Request:
    """One backtest as sent to the harness: `payload` is the JSON object of its members.

    The pool adds the `id`. `placeholders` are texts such as `{data}` or `{build}/main.py`: the
    first JSON string equal to each is replaced with the worker's path. `{request}` is the request's
    own folder; `files` are written there first, by relative name, with placeholders replaced. It is
    removed after the answer has been read. `outputs` are what the answer must have besides
    statistics.
    """

    payload: str
    placeholders: tuple[str, ...] = ()
    files: Mapping[str, str] = field(factory=dict)
    outputs: frozenset[str] = frozenset()

    @property
    def folder(self) -> bool:
        """Return whether the request has its own folder."""
        return bool(self.files) or REQUEST in "\n".join(self.placeholders)


class Files(Protocol):
    """The files that a worker wrote to a request's folder. Can be used from any thread."""

    def names(self) -> Sequence[str]:
        """Return the relative names of all regular files, with `/`, sorted.

        Raises ExecutorError if the folder cannot be read.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file to read.

        Raises FileNotFoundError if it does not exist, ExecutorError if it is not a regular file
        or if the name leaves the folder.
        """
        ...

    def remove(self) -> None:
        """Remove the folder; leanopt calls this once, after reading the answer."""
        ...


@frozen
class Answer:
    """A harness's answer to one request; `payload` is the parsed line.

    `files` are the files in the request's folder, None if it had none. `opened` are the members of
    this name of all answers of its harness so far, in order.
    """

    payload: Mapping[str, Any]
    files: Files | None = None
    opened: tuple[Mapping[str, Any], ...] = ()


@frozen
class Backtest:
    """The unit of work and of caching: parameters, a scenario, and their content key."""

    key: str
    parameters: Mapping[str, Value]
    scenario: Scenario


@frozen
class Outcome:
    """The outcome of a backtest: statistics or a failure, never both.

    `read` names the parameters that the strategy read, None if the harness cannot say. `read_types`
    are the known types it read them as (`int`, `decimal`, `double`, `text`). `closed_trades` is the
    number of closed trades, if the engine knows it without being asked for `trades`. The core makes
    `returns` of the equity curve; an engine leaves them out.
    """

    statistics: Statistics | None = None
    failure: Failure | None = None
    equity: Equity | None = None
    trades: Sequence[ClosedTrade] | None = None
    read: frozenset[str] | None = None
    read_types: Mapping[str, frozenset[str]] = field(factory=dict)
    closed_trades: int | None = None
    returns: DailyReturns | None = None


@frozen
class Command:
    """One command to run to its end where workers run.

    `argv`, `mounts` and `environment` are as in a `Launch`. After `time_limit` seconds the command
    is killed. Without `network` it gets none, if the executor can enforce that.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    time_limit: float = 600.0
    network: bool = False
    environment: Mapping[str, str] = field(factory=dict)


@frozen
class Completed:
    """How a one-off command ended: exit code, standard output, the end of standard error."""

    exit_code: int
    output: str
    errors: str = ""
