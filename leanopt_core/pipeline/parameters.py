"""Read `[parameters]` and `[constraints]` into a parameter space and constraints on results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar, cast

from leanopt_core.errors import SpaceError
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.tables import ConstraintsTable, ParameterTable
from leanopt_core.pipeline.toml import KeyPath, key_text, toml_text
from leanopt_core.scoring import ResultConstraint, ResultConstraintError, SoftConstraint
from leanopt_core.space import (
    Axis,
    AxisError,
    ConstraintError,
    ParameterConstraint,
    Space,
    Value,
    number_text,
)

T = TypeVar("T")

_SHAPES = 'expected min, max and step, or min, max, levels and scale = "log", or values, or choices'
_GLANCES = 1000


def read_space(
    raw: object, constraints: ConstraintsTable, reader: Reader, *, searched: bool = True
) -> Space | None:
    """Return the parameter space, or None after reporting its errors.

    Axes are sorted by name, so the order of keys in the file does not matter. The default step of
    whole numbers is 1. An empty space is an error if a bounded count proves it, and a space without
    an axis if it is to be `searched`.
    """
    at: KeyPath = ("parameters",)
    if not isinstance(raw, Mapping):
        reader.problems.add(at, toml_text(raw), "expected a table of parameters")
        return None
    read = {name: _parameter(name, value, (*at, name), reader) for name, value in raw.items()}
    axes = tuple(axis for _, axis in sorted(read.items()) if isinstance(axis, Axis))
    if searched and not axes and not reader.problems.touched(at):
        expected = "expected at least one to search, such as { min = 1, max = 9, step = 1 }"
        reader.problems.add(at, "only fixed parameters" if read else "nothing", expected)
    parsed = _between(constraints.parameters if read else (), read, reader)
    conditions = _conditions(raw, read, reader)
    if reader.problems.touched(at) or reader.problems.touched(("constraints",)):
        return None
    fixed = {k: v for k, v in read.items() if v is not None and not isinstance(v, Axis)}
    return _space(axes, fixed, parsed, conditions, reader)


def read_result_constraints(
    constraints: ConstraintsTable, reader: Reader
) -> tuple[ResultConstraint, ...]:
    """Return the valid constraints on results."""
    return _parsed(constraints.results, "results", ResultConstraint.parse, reader)


def read_soft_constraints(
    constraints: ConstraintsTable, reader: Reader
) -> tuple[SoftConstraint, ...]:
    """Return the valid soft constraints on results; none if one is invalid."""
    texts = [one.rule for one in constraints.soft]
    rules = _parsed(texts, "soft", ResultConstraint.parse, reader, "rule")
    if len(rules) < len(texts):
        return ()
    return tuple(
        SoftConstraint(rule, one.weight) for rule, one in zip(rules, constraints.soft, strict=True)
    )


def _parameter(name: str, value: object, at: KeyPath, reader: Reader) -> Axis | Value | None:
    try:
        if isinstance(value, Mapping):
            table = reader.table(value, at, ParameterTable)
            return None if table is None else _axis(name, table, value, at, reader)
        if isinstance(value, int | Decimal | str):
            return Space((), {name: value}).fixed[name]
    except AxisError as error:
        reader.problems.add(at, toml_text(value), error.problem)
        return None
    hint = "use values = [...] or choices = [...]" if isinstance(value, list) else ""
    expected = f"{_SHAPES}, or a fixed number, a text, true or false"
    reader.problems.add(at, toml_text(value), expected, hint)
    return None


def _axis(
    name: str, table: ParameterTable, raw: Mapping[str, object], at: KeyPath, reader: Reader
) -> Axis | None:
    given = set(raw) - {"when"}
    if given == {"values"} and table.values is not None:
        return Axis.listed(name, table.values)
    if given == {"choices"} and table.choices is not None:
        return Axis.choices(name, table.choices)
    if given == {"min", "max", "levels", "scale"} and table.min is not None:
        return Axis.logarithmic(
            name, table.min, cast("Decimal", table.max), cast("int", table.levels)
        )
    whole = isinstance(table.min, int) and isinstance(table.max, int)
    step = 1 if whole and table.step is None else table.step
    if given - {"min", "max", "step"} or table.min is None or table.max is None or step is None:
        reader.problems.add(at, toml_text(raw), _SHAPES)
        return None
    if whole and isinstance(step, int):
        return Axis.integers(name, int(table.min), int(table.max), step)
    return Axis.decimals(name, Decimal(table.min), Decimal(table.max), Decimal(step))


def _between(
    texts: Iterable[str], read: Mapping[str, Axis | Value | None], reader: Reader
) -> tuple[ParameterConstraint, ...]:
    """Return the valid constraints; those on invalid parameters are skipped."""
    known = _known(read)
    return _parsed(texts, "parameters", lambda text: ParameterConstraint.parse(text, known), reader)


def _conditions(
    raw: Mapping[str, object], read: Mapping[str, Axis | Value | None], reader: Reader
) -> dict[str, ParameterConstraint]:
    """Return the valid conditions of searched parameters by name."""
    known, found = _known(read), {}
    for name, value in raw.items():
        text = value.get("when") if isinstance(value, Mapping) else None
        if isinstance(text, str) and isinstance(read[name], Axis):
            try:
                found[name] = ParameterConstraint.parse(text, known)
            except ConstraintError as error:
                expected = f"column {error.column}: {error.message}"
                at = ("parameters", name, "when")
                reader.problems.add(at, toml_text(text), expected, error.hint)
    return found


def _known(read: Mapping[str, Axis | Value | None]) -> Mapping[str, Axis | Value] | list[str]:
    """Return the parameters, only their names if some are invalid."""
    known = {name: value for name, value in read.items() if value is not None}
    return known if len(known) == len(read) else list(read)


def _parsed(
    texts: Iterable[str], key: str, parse: Callable[[str], T], reader: Reader, *below: str
) -> tuple[T, ...]:
    """Return the valid constraints, after reporting invalid and repeated ones."""
    seen: list[T] = []
    for index, text in enumerate(texts):
        at: KeyPath = ("constraints", key, index, *below)
        try:
            parsed = parse(text)
        except (ConstraintError, ResultConstraintError) as error:
            expected = f"column {error.column}: {error.message}"
            reader.problems.add(at, toml_text(text), expected, error.hint)
            continue
        if parsed in seen:
            first = key_text(("constraints", key, seen.index(parsed), *below))
            reader.problems.add(at, toml_text(text), f"repeats {first}", "remove one")
        seen.append(parsed)
    return tuple(seen)


def _space(
    axes: tuple[Axis, ...],
    fixed: Mapping[str, Value],
    constraints: tuple[ParameterConstraint, ...],
    conditions: Mapping[str, ParameterConstraint],
    reader: Reader,
) -> Space | None:
    try:
        space = Space(axes, fixed, constraints, conditions)
    except AxisError as error:
        reader.problems.add(("parameters", error.name), "", error.problem)
        return None
    except SpaceError as error:
        reader.problems.add(("parameters",), "", str(error))
        return None
    if _is_empty(space):
        reader.problems.add(("constraints", "parameters"), *_emptied(space))
    return space


def _emptied(space: Space) -> tuple[str, str]:
    """Return the found and expected parts of the error that no point is feasible."""
    texts = [constraint.text for constraint in space.emptying() or space.constraints]
    together = "constraints that together leave" if len(texts) > 1 else "a constraint that leaves"
    found = " and ".join(map(repr, texts))
    first = ", where inactive parameters have their first value" if space.conditions else ""
    return found, f"expected {together} at least one point of the grid{first}"


def condition_notes(space: Space) -> Iterator[str]:
    """Yield warnings of parameters that are active at every feasible point, or at none."""
    for name, always in space.settled().items():
        text = space.conditions[name].text
        if always:
            first = number_text(space.axis(name).value(0))
            yield (
                f"parameters.{name}: found when = {text!r}, but it is active at every feasible "
                f"point; where it is not, constraints.parameters see its first value {first}"
            )
        else:
            yield f"parameters.{name}: found when = {text!r}, which holds at no feasible point"


def _is_empty(space: Space) -> bool:
    """Return whether no point is feasible, as far as can be proven; a quick look comes first."""
    size = space.grid_size
    indices = {i * (size - 1) // _GLANCES for i in range(_GLANCES + 1)}
    if any(space.feasible(space.point_at(index)) for index in sorted(indices)):
        return False
    if space.sampling.how != "rejection":
        return space.sampling.size == 0
    count = space.count()
    return count.value == 0 and count.how != "estimated"
