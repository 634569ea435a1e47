"""Finds the parameters that are read, also through the project's own functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from leanopt_lean.source.facts import Asked, Parameter, Unset
from leanopt_lean.source.hints import Mentions, certain, chained, conversions, hint
from leanopt_lean.source.syntax import (
    Argument,
    Call,
    Constant,
    Expression,
    Function,
    Inside,
    Literal,
    Location,
    Member,
    Name,
    Scope,
    Statement,
    Unit,
    walk,
)
from leanopt_lean.source.types import Types, default_of
from leanopt_lean.source.values import Values

#: LEAN's functions that read one parameter, and the table of all parameters.
_READER, _TABLE = "getparameter", "getparameters"
_REFLECTION = ("getattr", "methodcaller", "getmethod")
_LOOKUPS = ("[]", "get", "trygetvalue", "containskey", "getvalueordefault")


@frozen
class _ReadFunction:
    """A function that reads the parameter whose name it receives.

    `type` is the required type, empty if the default in the call decides, `otherwise` the type
    without a default; both None if unknown. `asked` are its own conversions. An extension method
    has the class `extends`; `own` marks a function of the strategy. It is `sure` if every call
    reads the parameter.
    """

    name: int
    names: tuple[str, ...]
    default: int | None
    defaults: tuple[str, ...]
    fallback: Expression | None = None
    type: str | None = ""
    otherwise: str | None = "text"
    asked: tuple[Asked, ...] = ()
    extends: str = ""
    own: bool = False
    sure: bool = True

    def given(self, call: Call) -> Expression | None:
        """Return the default in a call."""
        return None if self.default is None else call.argument(self.default, *self.defaults)


@frozen
class ParameterReads:
    """Parameters in the order of the source, and the locations of names made at run time.

    `calls` are the names that each call (by its `id`) reads, `marked` those of each member.
    """

    parameters: tuple[Parameter, ...]
    unsure: tuple[Location, ...]
    calls: Mapping[int, frozenset[str]]
    marked: Mapping[str, frozenset[str]]


class Readers:
    """Searches the calls of a unit until it finds no further function that reads parameters."""

    def __init__(self, unit: Unit, values: Values) -> None:
        self._unit = unit
        self._values = values
        self._types = Types(unit, values)
        self._mentions = Mentions(unit)
        self._called = Counter(_called_by(one.scope) for one in unit.functions)
        self._lean = _ReadFunction(0, ("name",), 1, ("defaultValue", "default_value"))
        # A function of the strategy's own has this name: what it requires is not known.
        replaced = any(normal(one) == _READER for one in self._called)
        reader = evolve(self._lean, type=None) if replaced else self._lean
        self._readers: dict[str, _ReadFunction] = {_READER: reader}
        self._found: list[tuple[Parameter, bool]] = []
        self._unsure: set[Location] = set()
        self._calls: dict[int, frozenset[str]] = {}
        self._marked: dict[str, frozenset[str]] = {}

    def find(self, members: tuple[Member, ...]) -> ParameterReads:
        """Return the parameters that calls read, and those of these `[Parameter]` members."""
        # A function found late can be called in statements that were searched before.
        while self._pass():
            self._found.clear()
            self._unsure.clear()
        for member in members:
            self._member(member)
        ordered = sorted(self._found, key=lambda one: one[0].locations[0])
        unsure = tuple(sorted(self._unsure))
        return ParameterReads(_merged(ordered), unsure, self._calls, self._marked)

    def _pass(self) -> bool:
        """Search all calls once; return whether another function reads parameters."""
        known = len(self._readers)
        for statement in self._unit.statements:
            for one, inside in walk(statement.value):
                if isinstance(one, Call):
                    self._call(one, statement, inside)
                if self._mentioned(one, inside):
                    self._unsure.add(statement.location)
        return len(self._readers) > known

    def _mentioned(self, one: Expression, inside: Inside | None) -> bool:
        """Return whether a function that reads parameters is passed on instead of called."""
        around = inside.nearest if inside is not None else None
        match one:
            case Name():
                known = normal(one.last) == _READER or normal(one.path) == _TABLE
                known = known or (one.own and one.path in self._readers)
                return known and not (isinstance(around, Call) and around.name == "nameof")
            case Call(name=name):
                return normal(name) == f".{_READER}"
            case Literal(value=str() as text):
                looked_up = isinstance(around, Call) and normal(around.name) in _REFLECTION
                return looked_up and normal(text) == _READER
        return False

    def _call(self, call: Call, statement: Statement, inside: Inside | None) -> None:
        name = normal(call.name)
        if name == _TABLE and lean(call.receiver):
            user = inside.nearest if inside is not None else None
            if not (isinstance(user, Call) and normal(user.name) in _LOOKUPS):
                self._unsure.add(call.location)
        elif name in _LOOKUPS and isinstance(table := call.receiver, Call):
            if normal(table.name) == _TABLE and lean(table.receiver):
                # Only these lookups take a default.
                at = 1 if name.startswith("get") else None
                given = _ReadFunction(0, ("key",), at, (), type="text")
                self._read(call, given, statement, inside)
        elif name == _READER and call.receiver == Name("base"):
            self._read(call, self._lean, statement, inside)
        elif (reader := self._readers.get(name) or self._readers.get(call.name)) is not None:
            self._read(call, reader, statement, inside)

    def _read(
        self, call: Call, reader: _ReadFunction, statement: Statement, inside: Inside | None
    ) -> None:
        scope = statement.scope
        reader = _called(reader, call, scope)
        named = call.argument(reader.name, *reader.names) or reader.fallback
        if named is None:
            if call.arguments or normal(call.name) == _READER:
                self._unsure.add(call.location)
            return
        reader = self._here(call, reader, statement, inside)
        if isinstance(named, Name) and self._wrapped(call, reader, named, scope):
            return
        names = self._values.of(named, scope)
        texts = sorted(one for one in names or () if isinstance(one, str))
        if names is None or len(texts) < len(names):
            self._unsure.add(call.location)
        self._calls[id(call)] = frozenset(texts)
        default = self._default(call, reader, scope)
        asked = self._asked(call, reader, scope)
        if any(len(self._values.given(one, scope)) > 1 for one in _names(named)):
            # Which of its values a name has here is not known.
            asked, default = (), None
        told = hint(call, statement, inside, self._mentions)
        for text in texts:
            value = default if default is not None else told.default
            made = _made(value) or told.made
            parameter = Parameter(text, (call.location,), value, made, told.texts, asked)
            self._found.append((parameter, reader.sure))

    def _here(
        self, call: Call, reader: _ReadFunction, statement: Statement, inside: Inside | None
    ) -> _ReadFunction:
        """Return the types that a reader certainly requires at a call."""
        if not certain(statement, call, inside):
            return evolve(reader, asked=(), sure=False)
        # A conversion that fails there is handled, so it requires no type.
        if statement.caught:
            return evolve(reader, asked=())
        if reader.own:
            # Its result may differ from the text that it read.
            return reader
        return evolve(reader, asked=conversions(call, statement, inside, self._mentions))

    def _default(self, call: Call, reader: _ReadFunction, scope: Scope) -> Constant:
        given = reader.given(call)
        values = self._values.of(given, scope) if given is not None else None
        return next(iter(values)) if values is not None and len(values) == 1 else None

    def _type(self, call: Call, reader: _ReadFunction, scope: Scope) -> str | None:
        """Return the type that LEAN reads, by the default or by the called function."""
        if reader.type != "":
            return reader.type
        given = reader.given(call)
        return reader.otherwise if given is None else self._types.of(given, scope)

    def _asked(self, call: Call, reader: _ReadFunction, scope: Scope) -> tuple[Asked, ...]:
        """Return the type of LEAN's overload, and the conversions of its result."""
        type_ = self._type(call, reader, scope)
        if type_ is None:
            return ()
        overload = Asked(type_, call.location, default=self._default(call, reader, scope))
        return (overload, *chained(type_, reader.asked))

    def _wrapped(self, call: Call, reader: _ReadFunction, named: Name, scope: Scope) -> bool:
        """Note that the function around a call passes on the name that it receives."""
        for function in self._unit.functions:
            if function.scope == scope and named.path in function.names():
                default = reader.given(call)
                called = _called_by(scope)
                # It is unknown which of several functions of one name is called.
                known = reader.sure and self._called[called] == 1
                handed = known and self._types.handed(default, scope) and reader.type == ""
                otherwise = None
                if handed and isinstance(default, Name):
                    own = default_of(function, default.path)
                    otherwise = self._types.of(own, scope) if own is not None else None
                made = evolve(
                    _wrapper(function, named.path, default),
                    type="" if handed else self._type(call, reader, scope) if known else None,
                    otherwise=otherwise,
                    asked=reader.asked,
                )
                self._readers.setdefault(called, made)
                if _by_operator(scope):
                    self._unsure.add(call.location)
                return True
        return False

    def _member(self, member: Member) -> None:
        scope = Scope(member.owner)
        names = frozenset[Constant]([member.name])
        if member.named is not None:
            names = self._values.of(member.named, scope) or frozenset()
        default = self._values.of(member.default, scope) if member.default is not None else None
        value = next(iter(default)) if default is not None and len(default) == 1 else None
        if not names:
            self._unsure.add(member.location)
        self._marked[member.name] = frozenset(map(str, names))
        for name in sorted(map(str, names)):
            made = _TYPES.get(member.type)
            asked = (Asked(member.type, member.location, member.name, member=True),)
            parameter = Parameter(name, (member.location,), value, made, asked=asked)
            self._found.append((parameter, True))


_TYPES = {"int": "int", "long": "int", "short": "int", "decimal": "float", "double": "float",
          "float": "float", "bool": "bool", "string": "str"}  # fmt: skip


def _names(expression: Expression) -> Iterator[Name]:
    return (one for one, _ in walk(expression) if isinstance(one, Name))


def _called_by(scope: Scope) -> str:
    """Return the name that a function is called by: a constructor by its class's."""
    return scope.owner if scope.function == "__init__" else scope.function


def _by_operator(scope: Scope) -> bool:
    """Return whether Python calls a function where no call is written, as `__getitem__`."""
    special = scope.function.startswith("__") and scope.function.endswith("__")
    return special and scope.function != "__init__"


def _wrapper(function: Function, named: str, default: Expression | None) -> _ReadFunction:
    names = list(function.names())
    at = names.index(named)
    own = function.takes[at]
    shift = 1 if function.extends else 0
    handed = [default.path] if isinstance(default, Name) and default.path in names else []
    # If the default is not passed on, the only other parameter is the default.
    handed = handed or (names[at + 1 :] if len(names) == at + 2 else [])
    return _ReadFunction(
        at - shift,
        (named,),
        names.index(handed[0]) - shift if handed else None,
        tuple(handed),
        own.value if isinstance(own, Argument) else None,
        extends=function.scope.owner if function.extends else "",
        own=True,
    )


def _called(reader: _ReadFunction, call: Call, scope: Scope) -> _ReadFunction:
    """Return a reader for a call: an extension method is given one more where it is no method."""
    of = call.receiver.last if isinstance(call.receiver, Name) else scope.owner
    if not reader.extends or of != reader.extends:
        return reader
    default = None if reader.default is None else reader.default + 1
    return evolve(reader, name=reader.name + 1, default=default)


def lean(receiver: Expression | None) -> bool:
    """Return whether what a call is made on is an algorithm: reflection has `GetParameters` too."""
    if receiver is None:
        return True
    return isinstance(receiver, Name) and (
        "algo" in receiver.path.lower() or receiver.path == "base"
    )


def _made(value: Constant) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | str):
        return None
    return "float" if value is not None else None


def _merged(found: list[tuple[Parameter, bool]]) -> tuple[Parameter, ...]:
    """Join the reads of one name, which are sure or in a branch.

    Each of several may be for other texts, so LEAN's type counts only if all are sure.
    """
    merged: dict[str, Parameter] = {}
    times = Counter(one.name for one, _ in found)
    open_ = {one.name for one, sure in found if not sure}
    for one, _ in found:
        asked = one.asked
        if times[one.name] > 1:
            asked = tuple(two for two in asked if two.lean and one.name not in open_)
        old = merged.get(one.name, Parameter(one.name, ()))
        merged[one.name] = Parameter(
            one.name,
            tuple(dict.fromkeys((*old.locations, *one.locations))),
            old.default if old.default is not None else one.default,
            old.made or one.made,
            tuple(dict.fromkeys((*old.texts, *one.texts))),
            tuple(dict.fromkeys((*old.asked, *asked))),
        )
    return tuple(merged.values())


def normal(name: str) -> str:
    """Return a name of LEAN's API in the form that both languages share."""
    return name.replace("_", "").lower()


def unset(
    members: Iterable[Member], reason: str, values: Values, *, fixed: bool = False
) -> Iterator[Unset]:
    """Yield the names of members that LEAN does not set."""
    for member in members:
        named = Literal(member.name) if member.named is None else member.named
        for name in values.of(named, Scope(member.owner)) or ():
            yield Unset(str(name), member.location, reason.format(member.name), fixed)
