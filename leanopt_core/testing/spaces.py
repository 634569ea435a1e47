"""Parameter spaces for tests of methods."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import strategies as st

from leanopt_core.space import Axis, ParameterConstraint, Space

RULES = ("a <= b", "a + b >= 2", "a != b", "b == 1", "a < b or b == 0")


def space(*axes: Axis, rules: tuple[str, ...] = (), when: Mapping[str, str] | None = None) -> Space:
    """Return a space with these axes, constraints, and conditions by parameter."""
    names = [axis.name for axis in axes]
    conditions = {
        name: ParameterConstraint.parse(text, names) for name, text in (when or {}).items()
    }
    constraints = [ParameterConstraint.parse(rule, names) for rule in rules]
    return Space(axes, {}, constraints, conditions)


def roomy() -> Space:
    """Return a space of 5,000 points, all feasible."""
    return space(
        Axis.integers("fast", 1, 50), Axis.integers("slow", 1, 20), Axis.integers("hold", 1, 5)
    )


def every_kind() -> Space:
    """Return a space with an axis of each kind and constraints that half of the points violate."""
    return space(
        Axis.integers("fast", 5, 60, 5),
        Axis.integers("slow", 10, 90, 10),
        Axis.decimals("stop", Decimal("0.01"), Decimal("0.10"), Decimal("0.01")),
        Axis.listed("hold", (1, 2, 3, 5, 8, 13)),
        Axis.choices("exit", ("close", "trail", "none")),
        Axis.choices("short", (False, True)),
        rules=("fast < slow", "fast + hold <= 40"),
    )


def conditional() -> Space:
    """Return a space with conditions that depend on each other, and a constraint."""
    return space(
        Axis.choices("exit", ("close", "trail", "time")),
        Axis.choices("kind", ("range", "share")),
        Axis.integers("days", 5, 40, 5),
        Axis.logarithmic("stop", Decimal("0.001"), Decimal("0.1"), 9),
        Axis.integers("hold", 1, 12),
        Axis.integers("fast", 5, 60, 5),
        when={
            "kind": "exit == 'trail'",
            "days": "kind == 'range'",
            "stop": "kind == 'share'",
            "hold": "exit == 'time' and fast > 10",
        },
        rules=("fast > days",),
    )


def few_conditional() -> Space:
    """Return a space with conditions of which 9 of 48 points of the grid are feasible."""
    return space(
        Axis.choices("exit", ("close", "trail")),
        Axis.integers("stop", 1, 6),
        Axis.integers("gap", 0, 3),
        when={"stop": "exit == 'trail'", "gap": "stop > 5"},
        rules=("gap != 1",),
    )


def small() -> Space:
    """Return a space with 15 feasible points among 36."""
    return space(Axis.integers("a", 1, 6), Axis.integers("b", 1, 6), rules=("a < b",))


def one_point() -> dict[str, Space]:
    """Return spaces with one feasible point each, by the reason."""
    return {
        "no axis": space(),
        "axes of one level": space(Axis.integers("a", 3, 3), Axis.choices("b", ("only",))),
        "constraints": space(
            Axis.integers("a", 1, 6), Axis.integers("b", 1, 6), rules=("a + b == 12",)
        ),
    }


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Draw a space of one to four axes with at least one feasible point."""
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    axes = [_axis(draw, name, length) for name, length in zip("abcd", lengths, strict=False)]
    numbers = {axis.name for axis in axes if axis.ordered}
    rules = [rule for rule in RULES if {"a", "b"} <= numbers and draw(st.booleans())]
    when = (
        {"b": "a > 2", "c": "b > 1"} if {"a", "b", "c"} <= numbers and draw(st.booleans()) else {}
    )
    drawn = space(*axes, rules=tuple(rules[:1]), when=when)
    return drawn if next(drawn.sample(0), None) is not None else space(*axes)


def _axis(draw: st.DrawFn, name: str, length: int) -> Axis:
    kind = draw(st.sampled_from(("int", "float", "values", "choices")))
    if kind == "int":
        return Axis.integers(name, 0, length - 1)
    if kind == "float":
        return Axis.decimals(name, 0, Decimal(length - 1) / 4, Decimal("0.25"))
    if kind == "values":
        return Axis.listed(name, [number**2 for number in range(length)])
    return Axis.choices(name, [f"choice {number}" for number in range(length)])
