"""The values in which engines and executors meet: neither knows the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

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
    """A backtest that did not complete: its category and the message for the user.

    `outside` says that its worker was ended from outside, which is no fault of the backtest's.
    """

    category: Category
    message: str
    outside: bool = False


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
    """A host folder or file that the harness must see, at `{name}` (read-only but for scratch).

    The name is a word of small letters, digits and `_`: one of `PLACES`, or the engine's own.
    """

    name: str
    source: Path
    writable: bool = False


#: The places that every executor knows, in a command or a request: there they stand in braces, as
#: `{data}`. The names of a launch's mounts are places too.
PLACES = ("build", "data", "harness", "output", "scratch", "python")

#: The place that is a request's own folder, in its payload and files.
REQUEST = "{request}"


@frozen
class Launch:
    """How an engine's harness is started.

    `command` and the values of `environment` may hold the names of `mounts`, `{scratch}` and
    `{python}` in braces, which the executor fills in for the place where the worker runs.
    A worker's memory after `settled_after` requests is what its growth counts from: until then its
    runtime has not taken what it needs. `recycle_growth` is how many bytes it may grow by before
    it is replaced, where the user does not say. `memory` is how many bytes a worker may hold where
    neither says and the executor sets a limit all the same, and `memory_why` tells a user why.
    """

    command: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)
    identity: str | None = None
    settled_after: int = 1
    recycle_growth: int | None = None
    memory: int | None = None
    memory_why: str = ""


#: The output that asks for the full result files of an engine that writes them only then.
DOCUMENT = "document"


@frozen
class Request:
    """One backtest as the harness is told it: `payload` is the JSON object of its members.

    The pool adds the `id`. `placeholders` are texts that hold places, as `{data}` or
    `{build}/main.py`: of each, the first JSON text that is exactly it is filled in for the worker's
    place. `{request}` is a folder of the request's own; `files` are written there first, by
    relative name, with the placeholders filled in; it goes when the answer has been read.
    `outputs` repeats what the answer is to bring beside the statistics.
    """

    payload: str
    placeholders: tuple[str, ...] = ()
    files: Mapping[str, str] = field(factory=dict)
    outputs: frozenset[str] = frozenset()

    @property
    def folder(self) -> bool:
        """Say whether the request has a folder of its own."""
        return bool(self.files) or any(REQUEST in text for text in self.placeholders)


class Files(Protocol):
    """What a worker left in the folder of one request. May be used from any thread."""

    def names(self) -> Sequence[str]:
        """Return every plain file's name from the folder, with `/`, sorted.

        Raises ExecutorError where the folder cannot be looked into.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file to read.

        Raises FileNotFoundError where it is not there, ExecutorError where it is no plain file,
        or where the name would leave the folder.
        """
        ...

    def remove(self) -> None:
        """Remove the folder; leanopt calls this, once, when the answer has been read."""
        ...


@frozen
class Answer:
    """What a harness said to one request, `payload` being the parsed line.

    `files` is what the worker left in the request's folder, None where it had none.
    """

    payload: Mapping[str, Any]
    files: Files | None = None


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
    `read_types` are the types as which it asked for them (`int`, `decimal`, `double`, `text`), as
    far as they are known. `trades` counts closed trades where the engine reports them.
    """

    statistics: Statistics | None = None
    failure: Failure | None = None
    equity: Equity | None = None
    trades: Sequence[Sequence[float | None]] | None = None
    read: frozenset[str] | None = None
    read_types: Mapping[str, frozenset[str]] = field(factory=dict)


@frozen
class Completed:
    """How a one-off command ended: exit code, standard output, the end of standard error."""

    exit_code: int
    output: str
    errors: str = ""
