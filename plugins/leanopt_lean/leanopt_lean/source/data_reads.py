"""Finds the parts of LEAN's data that a source reads, and whether it shows all of them.

Names decide, wherever they stand: a name is unsure if what it reads cannot be told from the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leanopt_lean.source.facts import DataReads, Doubt, Subscription
from leanopt_lean.source.readers import normal
from leanopt_lean.source.syntax import (
    Call,
    Expression,
    Literal,
    Name,
    Opaque,
    Statement,
    Unit,
    walk,
)
from leanopt_lean.source.values import Values

#: Methods that add a security by its ticker.
_SECURITIES: Final = frozenset(
    {"addequity", "addforex", "addcfd", "addcrypto", "addindex", "addsecurity"}
)
#: Other methods whose names begin with `add`, and that read no data.
_HARMLESS: Final = frozenset(
    {"add", "addrange", "addconsolidator", "addchart", "addseries", "addpoint", "addalpha"}
    | {"addriskmanagement", "addcommand", "addtag", "addyears", "addmonths", "adddays", "addhours"}
    | {"addminutes", "addseconds", "addmilliseconds", "addticks", "addlast", "addfirst"}
    | {"addsecurityinitializer", "addbusinessdays", "addamount", "addorder", "addorupdate"}
)
#: Names after which any data may be read: universes, chains, other data, files, reflection.
_UNSURE: Final = re.compile(
    r"add(?!ed)\w*|.*universe(?!settings)\w*|.*fundamental.*|.*chains?|.*constituent.*|.*shortable.*"
    r"|axos.*|.*sector.*|marketimpact.*|defaultmarkets?|getbenchmark|download|read(?!y)\w*|load\w*|fromfile|genfromtxt|file|fileinfo|filestream|directory"
    r"|directoryinfo|streamreader|path|pathlib|os|io|glob|shutil|subprocess|socket|urllib|requests"
    r"|zipfile|process|httpclient|webclient|globals|datafolder|getdatafolderpath|composer|leandata"
    r"|dataprovider|importlib|ctypes|getattr|methodcaller|getmethod"
    r"|invokemember|createinstance|symbolcache|securityidentifier|createoption|createfuture"
    r"|createcanonicaloption|createbase|setaccountcurrency|sethistoryprovider|addpythondata"
)
#: The same, of functions called without an object: others' members have these names too.
_FUNCTIONS: Final = frozenset({"open", "eval", "exec", "compile", "__import__"})
#: Names after which LEAN reads prices of any resolution.
_ANY_RESOLUTION: Final = re.compile(
    r"getlastknownprices?|.*seed.*|setsecurityinitializer|addsecurityinitializer|.*warmupindicators?"
    r"|indicatorhistory|.*automaticindicatorwarmup|.*volatilitymodel.*|.*alpha.*"
    r"|.*portfolioconstruction.*|.*riskmanagement.*|.*executionmodel.*"
)
#: Brokerages that change neither default markets nor the default benchmark.
_BROKERAGES: Final = frozenset(
    {"default", "interactivebrokersbrokerage", "tradierbrokerage", "alpaca", "tdameritrade"}
    | {"tradestation", "charlesschwab", "tastytrade", "webull", "public"}
)
_HISTORY: Final = frozenset({"history", "indicatorhistory", "warmupindicator"})
#: Methods that read prices of their symbol, also of one that was not added.
_ORDERS: Final = re.compile(r".*order|buy|sell|setholdings|liquidate|getlastknownprices?")
_BENCHMARK: Final = "setbenchmark"
_RESOLUTION: Final = "Resolution"
_STORE: Final = "objectstore"
_DATA_FOLDER: Final = "data-folder"


class DataReadCalls:
    """Reads the names in a unit; `subscriptions` are the securities that it adds."""

    def __init__(
        self, unit: Unit, values: Values, subscriptions: tuple[Subscription, ...], *, outside: bool
    ) -> None:
        self._unit = unit
        self._values = values
        self._tickers = {one.ticker.casefold() for one in subscriptions if one.ticker}
        self._outside = outside
        self._own = {
            *(one.target for one in unit.statements),
            *(one.scope.function for one in unit.functions),
            *(name for one in unit.functions for name in one.names()),
            *(one.name for one in unit.classes),
        }

    def found(self) -> DataReads:
        """Return the doubts, the resolutions that the source names, and its benchmarks."""
        resolutions: set[str] = set()
        benchmarks: set[str] = set()
        doubts: list[Doubt] = []
        any_resolution = own_benchmark = False
        for statement in self._unit.statements:
            any_resolution |= bool(_ANY_RESOLUTION.fullmatch(normal(statement.target)))
            for one, _ in walk(statement.value):
                doubts += self._doubts(one, statement)
                any_resolution |= _any_resolution(one)
                if isinstance(one, Name) and one.qualifier == _RESOLUTION:
                    resolutions.add(normal(one.last))
                if isinstance(one, Call) and normal(one.name) == _BENCHMARK:
                    benchmarks |= self._known(one.argument(0, "ticker", "symbol"), statement)
                    own_benchmark |= not (statement.conditions or statement.later)
        return DataReads(
            tuple(dict.fromkeys((*self._places(), *doubts))),
            None if any_resolution else frozenset(resolutions),
            frozenset(benchmarks),
            own_benchmark,
        )

    def _places(self) -> Iterator[Doubt]:
        """Yield the doubts about the whole source."""
        yield from (Doubt("code that is not understood", one) for one in self._unit.unread[:1])
        if self._outside:
            yield Doubt("a base class outside the project", self._unit.classes[0].location)

    def _doubts(self, one: Expression, statement: Statement) -> Iterator[Doubt]:
        place = one.location if isinstance(one, Call) else statement.location
        if isinstance(one, Literal) and isinstance(one.value, str) and _DATA_FOLDER in one.value:
            yield Doubt(f"'{_DATA_FOLDER}'", place)
        if not (isinstance(one, Call) and normal(_owner(one)) == _STORE):
            yield from (Doubt(name, place) for name in _names(one) if self._unsure(name, one))
        if isinstance(one, Call):
            yield from self._symbols(one, statement)

    def _unsure(self, name: str, one: Expression) -> bool:
        plain = normal(name)
        if isinstance(one, Call) and one.receiver is None and name in _FUNCTIONS:
            return True
        if name in self._own or not _UNSURE.fullmatch(plain):
            return False
        if plain in _SECURITIES:
            # One that is passed on may be given any ticker.
            return not isinstance(one, Call)
        if plain == "add":
            return isinstance(one, Call) and normal(_owner(one)) == "subscriptionmanager"
        return plain not in _HARMLESS

    def _symbols(self, call: Call, statement: Statement) -> Iterator[Doubt]:
        """Yield the symbols that are made, or whose history is read, of securities not added."""
        name, owner = normal(call.name), normal(_owner(call))
        makes = name == "symbol" or (name == "create" and owner == "symbol")
        if name == "setcash" and len(call.arguments) > 1:
            yield Doubt("cash in another currency", call.location)
        elif name == "setbrokeragemodel" and not _plain_brokerage(call):
            yield Doubt(call.name, call.location)
        elif name == _BENCHMARK and not self._clear_benchmark(call, statement):
            yield Doubt(f"{call.name} of a symbol known only at run time", call.location)
        elif makes or name in _HISTORY or _ORDERS.fullmatch(name):
            texts = self._texts(call, statement)
            if _ORDERS.fullmatch(name):
                # Further texts are tags.
                texts = self._known(call.argument(0, "symbol"), statement)
            unknown = sorted(one for one in texts if one.casefold() not in self._tickers)
            yield from (Doubt(f"{call.name} of '{one}'", call.location) for one in unknown)
            if makes and call.arguments and not texts:
                yield Doubt(f"{call.name} of a symbol known only at run time", call.location)

    def _clear_benchmark(self, call: Call, statement: Statement) -> bool:
        """Return whether a benchmark is a known ticker, an added security or a function."""
        given = call.argument(0, "ticker", "symbol", "benchmark")
        if len(call.arguments) != 1 or given is None:
            return False
        if self._known(given, statement) or (isinstance(given, Opaque) and given.later):
            return True
        reached = self._values.reaching(given, statement.scope)
        return any(isinstance(one, Call) and normal(one.name) in _SECURITIES for one in reached)

    def _known(self, given: Expression | None, statement: Statement) -> set[str]:
        """Return the texts that an argument can be, none if unknown."""
        known = self._values.of(given, statement.scope) if given is not None else None
        return {one for one in known or () if isinstance(one, str)}

    def _texts(self, call: Call, statement: Statement) -> set[str]:
        """Return the texts among a call's arguments, also through names."""
        found: set[str] = set()
        for argument in call.arguments:
            for one, _ in walk(argument.value):
                if isinstance(one, Name | Literal):
                    found |= self._known(one, statement)
        return found


def _owner(call: Call) -> str:
    return call.receiver.last if isinstance(call.receiver, Name) else ""


def _names(one: Expression) -> tuple[str, ...]:
    """Return the names in an expression itself, without those of its parts."""
    if isinstance(one, Call):
        return (one.name.lstrip("."), *one.types)
    return tuple(one.path.split(".")) if isinstance(one, Name) else ()


def _plain_brokerage(call: Call) -> bool:
    """Return whether a brokerage leaves markets and benchmark what they are."""
    given = call.argument(0, "brokerage")
    if not isinstance(given, Name) or given.qualifier != "BrokerageName":
        return False
    return normal(given.last) in _BROKERAGES


def _any_resolution(one: Expression) -> bool:
    """Return whether LEAN may read other resolutions than those that the source names."""
    if any(_ANY_RESOLUTION.fullmatch(normal(name)) for name in _names(one)):
        return True
    # A resolution that is made of a text or a number, and not by its name.
    made = isinstance(one, Call) and _RESOLUTION in (one.name, *one.types)
    return made or one == Name(_RESOLUTION)
