"""The common syntax of both languages: expressions, and the statements that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from attrs import evolve, field, frozen

#: A value that a source holds; decimals exactly as they are written.
Constant = str | int | Decimal | bool | date | None


@frozen(order=True)
class Location:
    """A line of a file, its name relative to the project."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return the location as compilers print it."""
        return f"{self.file}:{self.line}"


@frozen
class Scope:
    """The class and the function around something, empty if there is none."""

    owner: str = ""
    function: str = ""


@frozen
class Literal:
    """A literal; `type` is that of a number if the language shows it, as `decimal`."""

    value: Constant
    # Not compared, so that `Literal(0)` is any zero.
    type: str = field(default="", eq=False)


@frozen
class Name:
    """A name, or names joined by dots, without a leading `this` or `self`.

    `own` says that the first of them can be a member of the current object.
    """

    path: str
    # Not compared: readers look for a name by its path, as `Name("base")`.
    own: bool = field(default=False, eq=False)

    @property
    def last(self) -> str:
        """Return the name after the last dot."""
        return self.path.rpartition(".")[2]

    @property
    def qualifier(self) -> str:
        """Return the name before the last dot, empty if there is none."""
        return self.path.rpartition(".")[0].rpartition(".")[2]


@frozen
class Argument:
    """An argument of a call, with its keyword."""

    value: Expression
    name: str = ""


@frozen
class Call:
    """A call; a cast is one of its type, an index one of `[]`, both with one argument.

    `types` are a generic function's type arguments. Calls too are the operators `and` and `not`,
    which are no functions' names in either language.
    """

    name: str
    arguments: tuple[Argument, ...]
    location: Location
    receiver: Expression | None = None
    types: tuple[str, ...] = ()

    def argument(self, position: int, *names: str) -> Expression | None:
        """Return the argument at a position or of one of these names."""
        for one in self.arguments:
            if one.name in names and one.name:
                return one.value
        before = self.arguments[: position + 1]
        if len(before) > position and not any(one.name for one in before):
            return before[position].value
        return None


@frozen
class Binary:
    """Arithmetic, or texts joined."""

    operator: str
    left: Expression
    right: Expression


@frozen
class Choice:
    """One of its options; `condition` says which."""

    options: tuple[Expression, ...]
    condition: Expression | None = None


@frozen
class Sequence:
    """Items, of a mapping its keys; `values` are a mapping's other halves."""

    items: tuple[Expression, ...]
    values: tuple[Expression, ...] = ()


@frozen
class Opaque:
    """Anything else: what it is made of, joined by a comparison where there is one.

    `later` marks the body of a lambda, which does not run at its place.
    """

    parts: tuple[Expression, ...] = ()
    comparison: bool = False
    later: bool = False


Expression = Literal | Name | Call | Binary | Choice | Sequence | Opaque


@frozen
class Condition:
    """What must hold for a statement to run: that a test is met, or that it is not."""

    test: Expression
    met: bool = True


@frozen
class Statement:
    """An expression at its location, and the name that its value is assigned to.

    With `each` the name receives one item after another, at `position` of each. `later` marks a
    statement of a lambda, which does not run at its place. `type` is the declared type of the name,
    empty if unknown; `conditions` are those it runs under. `caught`: its failure is handled.
    """

    scope: Scope
    value: Expression
    location: Location
    target: str = ""
    each: bool = False
    position: int | None = None
    later: bool = False
    type: str = ""
    conditions: tuple[Condition, ...] = ()
    caught: bool = False


@frozen
class Function:
    """A function: its parameters with defaults, and their types if declared.

    `extends` marks an extension method: its first parameter is the receiver.
    """

    scope: Scope
    takes: tuple[Argument | str, ...]
    types: tuple[str, ...] = ()
    extends: bool = False

    def names(self) -> tuple[str, ...]:
        """Return the names of its parameters."""
        return tuple(one.name if isinstance(one, Argument) else one for one in self.takes)


@frozen
class Class:
    """A class: its bases without namespaces; `concrete` if it can be instantiated."""

    name: str
    bases: tuple[str, ...]
    location: Location
    concrete: bool = True


@frozen
class Member:
    """A field or property marked `[Parameter]`; `named` is None if its own name counts.

    LEAN cannot set a `fixed` one, as a property without a setter, nor one with a `private_setter`
    in a class that derives from its own.
    """

    owner: str
    name: str
    named: Expression | None
    type: str
    location: Location
    default: Expression | None = None
    private: bool = False
    fixed: bool = False
    private_setter: bool = False


@frozen
class Import:
    """A package or module that must be there, by the first of its names."""

    name: str
    location: Location


@frozen
class Unit:
    """The content of one file or of all; `unread` are locations that were not understood."""

    classes: tuple[Class, ...] = ()
    functions: tuple[Function, ...] = ()
    statements: tuple[Statement, ...] = ()
    members: tuple[Member, ...] = ()
    unread: tuple[Location, ...] = ()
    imports: tuple[Import, ...] = ()


def joined(units: list[Unit]) -> Unit:
    """Return the joined content of several units."""
    return Unit(
        tuple(one for unit in units for one in unit.classes),
        tuple(one for unit in units for one in unit.functions),
        tuple(one for unit in units for one in unit.statements),
        tuple(one for unit in units for one in unit.members),
        tuple(one for unit in units for one in unit.unread),
        tuple(one for unit in units for one in unit.imports),
    )


def parts(expression: Expression) -> tuple[Expression, ...]:
    """Return what an expression is directly made of."""
    match expression:
        case Call():
            receiver = () if expression.receiver is None else (expression.receiver,)
            return (*receiver, *(one.value for one in expression.arguments))
        case Binary():
            return (expression.left, expression.right)
        case Choice():
            condition = () if expression.condition is None else (expression.condition,)
            return (*condition, *expression.options)
        case Sequence():
            return (*expression.items, *expression.values)
        case Opaque():
            return expression.parts
    return ()


def mapped(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Return an expression with each of its parts changed."""
    match expression:
        case Call(receiver=receiver):
            given = tuple(evolve(one, value=change(one.value)) for one in expression.arguments)
            changed = None if receiver is None else change(receiver)
            return evolve(expression, arguments=given, receiver=changed)
        case Binary(operator, left, right):
            return Binary(operator, change(left), change(right))
        case Choice(options, condition):
            test = None if condition is None else change(condition)
            return Choice(tuple(map(change, options)), test)
        case Sequence(items, values):
            return Sequence(tuple(map(change, items)), tuple(map(change, values)))
        case Opaque():
            return evolve(expression, parts=tuple(map(change, expression.parts)))
    return expression


# Compared by identity: anything else would go through everything around.
@frozen(eq=False)
class Inside:
    """The expressions around an expression, from the nearest outwards."""

    nearest: Expression
    beyond: Inside | None = None


def outwards(inside: Inside | None) -> Iterator[Expression]:
    """Yield the expressions around an expression, nearest first."""
    while inside is not None:
        yield inside.nearest
        inside = inside.beyond


def walk(
    expression: Expression, skip: Callable[[Expression], bool] = lambda _: False
) -> Iterator[tuple[Expression, Inside | None]]:
    """Yield an expression and all inside it, each with those around it, except `skip`."""
    # A stack of its own, since chains can be deeper than Python's recursion.
    stack: list[tuple[Expression, Inside | None]] = [(expression, None)]
    while stack:
        one, inside = stack.pop()
        if skip(one):
            continue
        yield one, inside
        here = Inside(one, inside)
        stack.extend((part, here) for part in reversed(parts(one)))


def characters(text: str) -> str:
    """Return a text with pairs of surrogates joined and halves of them replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
