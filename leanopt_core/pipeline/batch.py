"""A batch: the overrides that make a pipeline search a list of points, and nothing else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence

from leanopt_core.pipeline.points import GivenPoint
from leanopt_core.pipeline.toml import toml_value
from leanopt_core.space import Space, Value, number_text


def batch_overrides(space: Space, points: Sequence[GivenPoint]) -> tuple[str, ...]:
    """Return arguments of `--set` that make the grid of these points' values, and one stage.

    Each searched parameter has the values that it has in the points; choices that constraints and
    conditions may name stay, too. A fixed one stays so unless a point has another value.
    """
    searched = list(_searched(space, points))
    axes = [
        f"parameters.{json.dumps(name)}={toml_value(_axis(space, name, points))}"
        for name in searched
    ]
    rows = [{name: _written(point.values[name]) for name in searched} for point in points]
    return (*axes, f"stage={toml_value([{'use': 'points', 'points': rows}])}")


def _searched(space: Space, points: Sequence[GivenPoint]) -> Iterator[str]:
    yield from space.names
    for name, own in space.fixed.items():
        if any(number_text(point.values[name]) != number_text(own) for point in points):
            yield name


def _axis(space: Space, name: str, points: Sequence[GivenPoint]) -> dict[str, object]:
    """Return the table of a parameter with the values that the points have."""
    own = dict.fromkeys(point.values[name] for point in points)
    if name in space.fixed or not space.axis(name).ordered:
        own |= dict.fromkeys(_named_by_rules(space, name))
    if (condition := space.conditions.get(name)) is not None:
        # Where it is inactive, it keeps its first value.
        own = {space.axis(name).value(0): None, **own}
        return {"choices": [_written(value) for value in own], "when": condition.text}
    numbers = [value for value in own if not isinstance(value, str | bool)]
    if len(numbers) == len(own) and (name in space.fixed or space.axis(name).ordered):
        return {"values": sorted(numbers)}
    return {"choices": [_written(value) for value in own]}


def _named_by_rules(space: Space, name: str) -> Iterator[Value]:
    """Yield the choices that a constraint or a condition may name: they cannot be left out."""
    rules = (*space.constraints, *space.conditions.values())
    trees = [rule.tree for rule in rules if name in rule.names]
    if trees and name not in space.fixed:
        yield from space.axis(name).values
    elif isinstance(space.fixed.get(name), str):
        for node in (node for tree in trees for node in ast.walk(tree)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _written(value: Value) -> Value:
    """Return a value as a pipeline must have it: a text is no reference to a variable."""
    return value.replace("${", "$${") if isinstance(value, str) else value
