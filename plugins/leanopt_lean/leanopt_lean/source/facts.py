"""The facts found in a strategy's source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_lean.source.syntax import Constant, Import, Location


class Language(StrEnum):
    """A strategy's language, as in LEAN's `algorithm-language`."""

    PYTHON = "Python"
    CSHARP = "CSharp"


#: The type that LEAN passes, by the type that the source requires.
_HANDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("int", "short", "byte", "sbyte", "ushort"), "int"),
        **dict.fromkeys(("double", "float"), "double"),
        **dict.fromkeys(("text", "string"), "text"),
        "decimal": "decimal",
    }
)


@frozen
class Asked:
    """A type that the source requires of a parameter's text.

    `type` is LEAN's overload (int, decimal, double, text), a member's C# type, or that of another
    conversion: whole (an int of any size), cut (a number truncated to int), digits (LEAN's
    `ToInt32`), truth (Python's `bool`). `by` is empty for an overload, otherwise the name of the
    conversion or the member. `default` is what LEAN's overload returns for an invalid text.
    """

    type: str
    location: Location
    by: str = ""
    member: bool = False
    default: Constant = None

    @property
    def lean(self) -> bool:
        """Return whether LEAN reads the text, and not a conversion of the strategy's own."""
        return self.member or not self.by


@frozen
class Parameter:
    """A parameter that a strategy reads, with its locations.

    `default` is None if the source has none; `made` is int, float, bool or str if the source
    converts it; `texts` are those that it is compared with. `asked` are the types that the source
    requires: a value must fit each.
    """

    name: str
    locations: tuple[Location, ...]
    default: Constant = None
    made: str | None = None
    texts: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()


@frozen
class Unset:
    """A `[Parameter]` that LEAN does not set, and why.

    LEAN stops at a `fixed` member, and sets none of those after it.
    """

    name: str
    location: Location
    reason: str
    fixed: bool = False


#: The key of a setting of cash in a named currency.
CURRENCY = "currency"


@frozen
class Setting:
    """A call that sets `start`, `end`, `cash` (or `symbol`), or cash of another currency.

    `value` is None if it is not written in the source, or where only running tells whether the
    call is made (`conditional`); `parameters` flow into it.
    """

    key: str
    value: date | Decimal | str | None
    parameters: frozenset[str]
    location: Location
    conditional: bool = False

    @property
    def doubt(self) -> str:
        """Return why its value is unknown."""
        return (
            f"{self.location} {'sets it under a condition' if self.conditional else 'computes it'}"
        )


@frozen
class Use:
    """A location where `Initialize` uses the algorithm's own `start`, `end` or `cash`.

    `what` is the name in the source, as `History`.
    """

    key: str
    what: str
    location: Location


@frozen
class Need:
    """A location that needs more than the source and LEAN's data.

    `kind` is `remote` (another machine), `store` (initial content of LEAN's object store), `start`
    or `end` (a date from the clock); `what` is the name in the source.
    """

    kind: str
    what: str
    location: Location


@frozen
class Subscription:
    """A call that adds a security, as `AddEquity`.

    `kind` is its type in lower case, as `equity`. `ticker`, `resolution` and `market` (the latter
    two in lower case) are None if they are not written in the source, `resolution` and `market`
    empty if none is given. `parameters` flow into the ticker, `resolved_by` into the resolution.
    `given_by` is the parameter whose text is the ticker, None if there is no such.
    """

    kind: str
    ticker: str | None
    resolution: str | None
    parameters: frozenset[str]
    location: Location
    market: str | None = ""
    resolved_by: frozenset[str] = frozenset()
    given_by: str | None = None


@frozen
class Doubt:
    """A location whose `what`, a name in the source, may read data that is not named there."""

    what: str
    location: Location


@frozen
class DataReads:
    """The parts of LEAN's data that an algorithm reads besides the prices of its own subscriptions.

    With `doubts` it may read anything. `resolutions` are all that the source names, in lower case,
    None if LEAN may read others too. `benchmarks` are the tickers that it sets as benchmark;
    `own_benchmark` means that it always sets one.
    """

    doubts: tuple[Doubt, ...] = ()
    resolutions: frozenset[str] | None = frozenset()
    benchmarks: frozenset[str] = frozenset()
    own_benchmark: bool = False


@frozen
class StrategySource:
    """The facts in a project's source about one algorithm.

    `unsure` are the locations where a parameter's name is made at run time, `unread` those that are
    not understood. If there are any, `parameters` may be incomplete. `files` are relative to the
    project, the algorithm's own first.
    """

    project: Path
    language: Language
    algorithm: str
    files: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    unsure: tuple[Location, ...] = ()
    unset: tuple[Unset, ...] = ()
    settings: tuple[Setting, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    uses: tuple[Use, ...] = ()
    unread: tuple[Location, ...] = ()
    needs: tuple[Need, ...] = ()
    imports: tuple[Import, ...] = ()
    data_reads: DataReads = DataReads()

    @cached_property
    def reads(self) -> frozenset[str]:
        """Return the names of the parameters that are certainly read."""
        return frozenset(one.name for one in self.parameters)

    @cached_property
    def types(self) -> Mapping[str, tuple[Asked, ...]]:
        """Return the required types, by the parameter's name."""
        return {one.name: one.asked for one in self.parameters if one.asked}

    @cached_property
    def read_types(self) -> Mapping[str, frozenset[str]]:
        """Return the types that LEAN passes parameters as: int, decimal, double or text.

        Conversions of the strategy's own do not count, nor members of other types.
        """
        return self._types(lambda one: one.lean)

    @cached_property
    def converted_types(self) -> Mapping[str, frozenset[str]]:
        """Return those types and the types of the strategy's own conversions."""
        return self._types(lambda _: True)

    def _types(self, counts: Callable[[Asked], bool]) -> Mapping[str, frozenset[str]]:
        types = {
            name: frozenset(
                _HANDED[one.type] for one in asked if one.type in _HANDED and counts(one)
            )
            for name, asked in self.types.items()
        }
        return {name: some for name, some in types.items() if some}

    def location(self, name: str) -> Location | None:
        """Return where a parameter is first read."""
        return next((one.locations[0] for one in self.parameters if one.name == name), None)
