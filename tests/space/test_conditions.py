"""Conditional parameters, against every point of small grids."""

from __future__ import annotations

import json
import operator
import pickle
from collections import Counter
from itertools import islice, product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import (
    Axis,
    AxisError,
    ConstraintError,
    ParameterConstraint,
    Sampling,
    Space,
)
from leanopt_core.space._sparse import sparse_of
from tests.space.test_sampling import looks_uniform

NAMES = "abcde"
MODES = ("none", "trail", "time")

COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}


def negation(found):
    """Return not, where None is neither true nor false."""
    return None if found is None else not found


def junction(parts, decisive):
    """Return or (decisive is true) and and (it is false), of parts that can be None."""
    parts = list(parts)
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


@st.composite
def comparisons(draw, names):
    """Draw a comparison of axes as a text, and as a function of values that can be None."""
    name, sign = draw(st.sampled_from(names)), draw(st.sampled_from(sorted(COMPARE)))
    if name == "m":
        sign, value = draw(st.sampled_from(("==", "!="))), draw(st.sampled_from(MODES))
        return f"m {sign} {value!r}", lambda **v: v["m"] and COMPARE[sign](v["m"], value)
    other, value = draw(st.sampled_from(names)), draw(st.integers(0, 4))
    if other == "m":
        return (
            f"{name} {sign} {value}",
            lambda **v: None if v[name] is None else COMPARE[sign](v[name], value),
        )
    return (
        f"{name} + {other} {sign} {value}",
        lambda **v: (
            None if None in (v[name], v[other]) else COMPARE[sign](v[name] + v[other], value)
        ),
    )


def joined(inner):
    """Extend comparisons by not, and, or."""
    pairs = st.lists(inner, min_size=2, max_size=2)
    return st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", lambda **v: negation(one[1](**v)))),
        *(
            pairs.map(
                lambda two, word=word: (
                    f"({two[0][0]}) {word} ({two[1][0]})",
                    lambda **v: junction((one[1](**v) for one in two), word == "or"),
                )
            )
            for word in ("and", "or")
        ),
    )


def expressions(names):
    """Return expressions of these axes."""
    return st.recursive(comparisons(names), joined, max_leaves=3)


@st.composite
def cases(draw):
    """Draw a space with conditions, and its canonical points by trying every point of the grid."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axes = [Axis.integers(name, 0, n - 1) for name, n in zip(NAMES, lengths, strict=False)]
    axes.append(Axis.choices("m", MODES))
    order = draw(st.permutations([axis.name for axis in axes]))
    chosen = {
        name: draw(expressions(order[:place]))
        for place, name in enumerate(order)
        if place and draw(st.booleans())
    }
    limits = draw(st.lists(expressions(order), max_size=2))
    known = {axis.name: axis for axis in axes}
    conditions = {
        name: ParameterConstraint.parse(text, known) for name, (text, _) in chosen.items()
    }
    rules = [ParameterConstraint.parse(text, known) for text, _ in limits]
    space = Space(axes, {}, rules, conditions)
    repaired = {}
    for point in product(*(range(len(axis)) for axis in axes)):
        values = dict(
            zip(known, (a.values[x] for a, x in zip(axes, point, strict=True)), strict=True)
        )
        seen = {}
        for name in order:
            active = (
                name not in chosen
                or chosen[name][1](**seen, **dict.fromkeys(known.keys() - seen)) is True
            )
            seen[name] = values[name] if active else None
        first = {axis.name: axis.values[0] for axis in axes}
        own = {name: first[name] if seen[name] is None else seen[name] for name in known}
        levels = tuple(axis.level(own[axis.name]) for axis in axes)
        allowed = all(limit(**own) for _, limit in limits)
        repaired[point] = levels, tuple(seen[name] is not None for name in known), allowed
    return space, repaired


@pytest.mark.long
@given(cases())
def test_inactive_parameters_have_their_first_value(case):
    """A point is canonical, feasible and active as every condition says in turn."""
    space, repaired = case
    for point, (levels, active, allowed) in repaired.items():
        assert space.canonical(point) == levels
        assert space.active(point) == active
        counts = [name not in space.inactive(space.values(point)) for name in space.names]
        assert tuple(counts) == active
        assert space.feasible(point) is (allowed and point == levels)
        assert space.point_at(space.grid_index(levels)) == levels
        broken = [one.text for one in space.violated(levels)]
        assert bool(broken) is not allowed


def feasible_points(repaired):
    """Return the canonical points that satisfy the constraints."""
    return {levels for levels, _, allowed in repaired.values() if allowed}


@given(cases(), st.integers(0, 99))
def test_each_canonical_point_comes_once(case, seed):
    """Counted, drawn, listed from a table, or searched for."""
    space, repaired = case
    expected = feasible_points(repaired)
    count = space.count()
    assert (count.value, count.low, count.high) == (len(expected),) * 3
    points = list(space.sample(seed))
    assert len(points) == len(expected)
    assert set(points) == expected
    for steps in (0, 10**6):
        sparse = sparse_of(space.axes, {}, space.constraints, steps, space._conditional)
        points = list(sparse.points(seed))
        assert len(points) == len(expected)
        assert set(points) == expected


@given(cases(), st.integers(0, 60), st.integers(1, 30))
def test_a_bounded_count_is_right_or_an_estimate(case, limit, samples):
    """What is called counted is so."""
    space, repaired = case
    expected, count = len(feasible_points(repaired)), space.count(limit, samples)
    assert 0 <= count.low <= count.value <= count.high
    if count.how != "estimated":
        assert count.low == count.high == expected


@given(cases(), st.integers(1, 3), st.data())
def test_neighbours_are_canonical(case, radius, data):
    """They are the canonical points of all points near, each once."""
    space, repaired = case
    point = data.draw(st.sampled_from(sorted(repaired)))
    own = repaired[point][0]
    boxes, crosses, steps = set(), set(), set()
    for other, (levels, _, allowed) in repaired.items():
        away = [
            abs(one - two) if axis.ordered else int(one != two)
            for axis, one, two in zip(space.axes, own, other, strict=True)
        ]
        if allowed and levels != own and max(away) <= radius:
            boxes.add(levels)
            if sum(map(bool, away)) == 1:
                crosses.add(levels)
                moved = next(axis for axis, far in zip(space.axes, away, strict=True) if far)
                steps |= {levels} if moved.ordered else set()
    for metric, expected in (("axis", crosses), ("chebyshev", boxes), ("steps", steps)):
        near = list(space.neighbours(point, radius, metric))
        assert len(near) == len(expected)
        assert set(near) == expected


@given(cases())
def test_conditions_survive_json_and_pickle(case):
    """A space without any has none in its record, so its plan keeps its hash."""
    space, _ = case
    record = space.to_dict()
    assert Space.from_dict(json.loads(json.dumps(record))) == space
    assert pickle.loads(pickle.dumps(space)) == space  # noqa: S301 - our own
    assert ("conditions" in record) is bool(space.conditions)


def made(axes, conditions, *texts, **fixed):
    """Return a space of these axes with these conditions and constraints."""
    known = {axis.name: axis for axis in axes} | fixed
    parsed = {name: ParameterConstraint.parse(text, known) for name, text in conditions.items()}
    return Space(axes, fixed, [ParameterConstraint.parse(text, known) for text in texts], parsed)


EXIT = Axis.choices("exit", ("close", "trail", "time"))


def test_a_chain_ends_with_what_it_depends_on() -> None:
    """An inactive parameter makes nothing active, not even by its first value."""
    kind, days = Axis.choices("kind", ("atr", "share")), Axis.integers("days", 5, 9)
    space = made((EXIT, kind, days), {"kind": "exit == 'trail'", "days": "kind == 'atr'"})
    assert [space.canonical(one) for one in ((0, 0, 3), (2, 1, 1))] == [(0, 0, 0), (2, 0, 0)]
    assert space.active((0, 0, 0)) == (True, False, False)
    assert space.active((1, 0, 0)) == (True, True, True)
    assert space.count().value == 1 + 1 + 5 + 1
    # The other side of `or` decides without it.
    either = {"kind": "exit == 'trail'", "days": "exit == 'time' or kind == 'atr'"}
    assert made((EXIT, kind, days), either).count().value == 1 + 5 + 5 + 1


def test_constraints_see_the_first_value() -> None:
    """Of an inactive one, too: then it is the only one."""
    stop, gap = Axis.integers("stop", 1, 9), Axis.integers("gap", 1, 9)
    space = made((EXIT, stop, gap), {"stop": "exit == 'trail'"}, "gap > stop")
    assert space.count().value == 8 + sum(range(9)) + 8
    strict = made((EXIT, stop, gap), {"stop": "exit == 'trail'"}, "stop > 3", "exit != 'trail'")
    assert strict.count().value == 0
    assert [one.text for one in strict.emptying()] == ["stop > 3", "exit != 'trail'"]


def test_a_condition_without_a_value_is_false() -> None:
    """A division by zero, also under not."""
    a, b, c = (Axis.integers(name, 0, 3) for name in "abc")
    space = made((a, b, c), {"c": "not a / b > 1"})
    assert [space.active((2, level, 0))[2] for level in range(4)] == [False, False, True, True]


def test_fixed_parameters_can_decide() -> None:
    """Then a parameter is never active, or always."""
    stop = Axis.integers("stop", 1, 9)
    for live, points in ((True, 27), (False, 3)):
        assert made((EXIT, stop), {"stop": "live"}, live=live).count().value == points


def modes(count, each, levels):
    """Return a space of one mode and, for each mode, `each` axes that only this mode uses."""
    mode = Axis.integers("mode", 1, count)
    axes = [Axis.integers(f"m{i}_{j}", 1, levels) for i in range(1, count + 1) for j in range(each)]
    conditions = {axis.name: f"mode == {axis.name[1:].split('_')[0]}" for axis in axes}
    return (mode, *axes), conditions


@pytest.mark.parametrize(("count", "each", "levels"), [(8, 4, 100), (3, 5, 10**9), (40, 2, 50)])
def test_large_spaces_are_counted_exactly(count, each, levels):
    """However small a part of the grid is canonical: of 10**64 points here, 8 * 10**8."""
    space = made(*modes(count, each, levels))
    assert space.count().value == count * levels**each
    assert space.count().how == "counted"
    assert space.sampling == Sampling("counted", count * levels**each)
    points = list(islice(space.sample(5), 200))
    assert len(set(points)) == 200
    assert all(space.canonical(point) == point for point in points)
    used = Counter(space.values(point)["mode"] for point in points)
    assert len(used) == count or count == 40


def test_large_spaces_with_constraints_are_counted_too() -> None:
    """Chains and sums over conditional parameters."""
    axes, conditions = modes(6, 3, 60)
    chain = [f"m{i}_0 <= m{i}_1" for i in range(1, 7)]
    space = made(axes, conditions, *chain)
    assert space.count().value == 6 * 60 * (60 * 61 // 2)
    assert space.count().how == "counted"
    points = list(islice(space.sample(1), 100))
    assert all(map(space.feasible, points))


def test_few_points_among_canonical_ones_are_counted() -> None:
    """One in 54,000: inactive ones satisfy the constraints of their mode."""
    axes, conditions = modes(6, 3, 60)
    space = made(axes, conditions, *(f"m{i}_0 + m{i}_1 + m{i}_2 <= 4" for i in range(1, 7)))
    assert space.sampling == Sampling("counted", 6 * 4)
    points = list(space.sample(3))
    assert len(set(points)) == 24
    assert all(map(space.feasible, points))


@pytest.mark.long
def test_what_cannot_be_counted_is_estimated_among_canonical_points() -> None:
    """A product of a thousand levels each: half of the canonical points, of a tiny part."""
    axes, conditions = modes(4, 3, 1000)
    space = made(axes, conditions, *(f"m{i}_0 * m{i}_1 >= m{i}_2 * m{i}_1" for i in range(1, 5)))
    assert space.sampling == Sampling("rejection")
    count = space.count(limit=10_000)
    assert count.how == "estimated"
    assert count.low < 4 * 1000 * (1000 * 1001 // 2) < count.high < 1.2 * count.low
    points = list(islice(space.sample(1), 50))
    assert len(set(points)) == 50
    assert all(map(space.feasible, points))


UNEVEN = made(
    (EXIT, Axis.integers("stop", 1, 5), Axis.choices("kind", ("a", "b")), Axis.integers("n", 1, 3)),
    {"stop": "exit == 'trail'", "kind": "exit != 'close'", "n": "kind == 'b' and stop > 2"},
)


@pytest.mark.parametrize(
    "space",
    [UNEVEN, made(*modes(3, 2, 4), "m1_0 != m2_0 or mode > 0", "m1_0 * m1_1 != 6")],
)
def test_the_first_point_is_uniform(space: Space) -> None:
    """Over canonical points: not over those of the grid."""
    counts = Counter(next(space.sample(seed)) for seed in range(6000))
    assert looks_uniform(counts, space.count().value)


@pytest.mark.parametrize(
    ("conditions", "name", "problem"),
    [
        ({"a": "a > 1"}, "a", "its condition depends on itself: a reads a"),
        (
            {"c": "b > 1", "b": "a > 1", "a": "c > 1"},
            "a",
            "its condition depends on itself: a reads c reads b reads a",
        ),
        ({"k": "a > 1"}, "k", "only a searched parameter can have a condition"),
        ({"x": "a > 1"}, "x", "only a searched parameter can have a condition"),
    ],
)
def test_what_is_no_condition_is_refused(conditions, name, problem):
    """With the circle, where it is one."""
    axes = [Axis.integers(letter, 1, 3) for letter in "abc"]
    with pytest.raises(AxisError) as caught:
        made(axes, conditions, k=1)
    assert caught.value.name == name
    assert caught.value.problem.startswith(problem)


@given(cases())
def test_parameters_that_are_always_or_never_active_are_found(case):
    """Exactly those: they are proven by counting."""
    space, repaired = case
    at = [active for levels, active, allowed in repaired.values() if allowed]
    expected = {}
    for place, name in enumerate(space.names):
        sides = {active[place] for active in at}
        if name in space.conditions and len(sides) == 1:
            expected[name] = sides.pop()
    assert space.settled() == expected


def test_a_condition_on_fixed_parameters_is_meant_so() -> None:
    """It is not pointed out, other than one that a fixed parameter decides together with others."""
    stop = Axis.integers("stop", 1, 9)
    assert made((EXIT, stop), {"stop": "live"}, live=False).settled() == {}
    both = {"stop": "live and exit == 'trail'"}
    assert made((EXIT, stop), both, live=False).settled() == {"stop": False}


def test_a_condition_is_checked_like_a_constraint() -> None:
    """Its names, kinds and choices."""
    with pytest.raises(ConstraintError, match="is not a choice of exit"):
        made((EXIT, Axis.integers("stop", 1, 3)), {"stop": "exit == 'trial'"})
    record = made((EXIT,), {}).to_dict() | {"conditions": {"exit": "exti == 'trail'"}}
    with pytest.raises(SpaceError, match="did you mean 'exit'"):
        Space.from_dict(record)


def test_a_chain_can_be_too_long() -> None:
    """Then it says which parameters make it so."""
    axes = [Axis.integers(f"x{i}", 0, 3) for i in range(120)]
    conditions = {f"x{i}": f"x{i - 1} > 1" for i in range(1, 120)}
    with pytest.raises(AxisError, match=r"its condition, with those of x\d+, is "):
        made(axes, conditions)
    assert made(axes[:25], {name: conditions[name] for name in [f"x{i}" for i in range(1, 25)]})


def test_values_off_the_grid_can_be_inactive_too() -> None:
    """A chain ends there as it does on the grid."""
    kind, days = Axis.choices("kind", ("atr", "share")), Axis.integers("days", 5, 9)
    space = made((EXIT, kind, days), {"kind": "exit == 'trail'", "days": "kind == 'atr'"})
    assert space.inactive({"exit": "other", "kind": "atr", "days": 77}) == ("kind", "days")
    assert space.inactive({"exit": "trail", "kind": "atr", "days": 77}) == ()


def test_any_name_can_be_conditional() -> None:
    """Also one that a condition cannot read, as LEAN's parameters often are."""
    space = made((EXIT, Axis.integers("ema-slow", 1, 9)), {"ema-slow": "exit == 'trail'"})
    assert space.count().value == 11
    assert space.canonical((0, 5)) == (0, 0)


def test_names_come_after_what_their_conditions_read() -> None:
    """Otherwise in the order given."""
    axes, conditions = modes(2, 2, 3)
    space = made(axes, conditions)
    assert space.controllers_first(["m1_0", "m2_1"]) == ["mode", "m1_0", "m2_1"]
    plain = made(axes, {})
    assert plain.controllers_first(["m1_0", "mode"]) == ["m1_0", "mode"]
    assert prod(map(len, axes)) == plain.grid_size == space.grid_size
