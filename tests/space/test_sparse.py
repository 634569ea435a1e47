"""Spaces of which few points are feasible: counted where that is possible, else searched."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, islice, product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanopt_core.space import Axis, ParameterConstraint, Sampling, Space
from leanopt_core.space._sparse import sparse_of
from tests.space.test_sampling import looks_uniform

LETTERS = "abcdefghij"


def made(lengths, *texts, **fixed):
    """Return a space of axes a, b, ... with values from 1 to these lengths."""
    axes = [Axis.integers(name, 1, n) for name, n in zip(LETTERS, lengths, strict=False)]
    known = {axis.name: axis for axis in axes} | fixed
    return Space(axes, fixed, [ParameterConstraint.parse(text, known) for text in texts])


def found(space, seed=0):
    """Return all points of the sample, which must be feasible and differ, as values."""
    points = list(space.sample(seed))
    assert len(set(points)) == len(points)
    assert all(map(space.feasible, points))
    return {tuple(level + 1 for level in point) for point in points}


CHAIN = made([13] * 10, " < ".join(LETTERS))


def test_a_chain_is_counted_and_each_point_comes_once() -> None:
    """One of 10**11 points in 480,000,000 is feasible."""
    assert CHAIN.sampling == Sampling("counted", comb(13, 10))
    assert found(CHAIN) == set(combinations(range(1, 14), 10))
    assert list(islice(CHAIN.sample(1), 9)) != list(islice(CHAIN.sample(2), 9))
    assert list(CHAIN.sample(1)) == list(CHAIN.sample(1))


def test_a_long_chain_is_counted_too() -> None:
    """Its axes have thousands of levels."""
    space = made([3000] * 9, "a < b < c < d < e", "f > e", "f + 1 <= g", "i > h", "h - g >= 1")
    assert space.sampling == Sampling("counted", comb(3000, 9))
    points = list(islice(space.sample(3), 50))
    assert all(map(space.feasible, points))
    assert len(set(points)) == 50


SUM = made([40] * 7, "a + b + c + d + e + f + g == 10")


def test_a_tree_of_comparisons_is_counted_too() -> None:
    """One axis is compared with several others."""
    space = made([2000] * 5, "a < b", "b < c", "d > b", "2 * b > 3 * e", "e > 600", "c > 1990")
    expected = sum(
        (b - 1) * (2000 - max(b, 1990)) * (2000 - b) * (max(0, (2 * b - 1) // 3 - 600))
        for b in range(1, 2001)
    )
    assert space.sampling == Sampling("counted", expected)
    assert all(map(space.feasible, islice(space.sample(3), 50)))


@pytest.mark.long
def test_a_linear_sum_is_counted() -> None:
    """Also with factors, fractions, fixed parameters and axes that fall."""
    assert SUM.sampling == Sampling("counted", comb(9, 6))
    assert found(SUM) == {values for values in product(range(1, 5), repeat=7) if sum(values) == 10}
    space = made([90] * 4, "a * 2 - k * b / 2 + (c - d) == -170", "-c + 3 > -4", "d >= 88", k=3)
    expected = {
        (a, b, c, d)
        for a, b, c, d in product(range(1, 91), range(1, 91), range(1, 7), range(88, 91))
        if 4 * a - 3 * b + 2 * (c - d) == -340
    }
    assert space.sampling == Sampling("counted", len(expected))
    assert found(space) == expected


@pytest.mark.long
@pytest.mark.parametrize("space", [made([12] * 10, " < ".join(LETTERS)), SUM])
def test_the_first_point_is_uniform(space: Space) -> None:
    """Over seeds."""
    counts = Counter(next(space.sample(seed)) for seed in range(6000))
    assert looks_uniform(counts, space.sampling.size)


def test_independent_groups_and_free_axes_multiply() -> None:
    """Parts of one constraint can be independent."""
    space = made([300, 300, 300, 300, 3], "a == b + 297 and 2 * d == c + 594 - 3")
    expected = {
        (a, b, c, d, e)
        for a, b in ((298, 1), (299, 2), (300, 3))
        for c, d in ((2 * d - 591, d) for d in range(296, 301))
        for e in (1, 2, 3)
    }
    assert space.sampling == Sampling("counted", len(expected))
    assert found(space) == expected


@pytest.mark.long
def test_what_cannot_be_counted_is_searched_and_each_point_comes_once() -> None:
    """The products of two primes: each stands on one of four axes."""
    space = made([60] * 4 + [2], "a * b * c * d == 106")
    assert space.sampling == Sampling("searched")
    factors = {
        tuple((2 if at == two else 1) * (53 if at == prime else 1) for at in range(4))
        for two, prime in product(range(4), repeat=2)
        if two != prime
    }
    assert found(space) == {(*one, e) for one in factors for e in (1, 2)}
    assert list(islice(space.sample(5), 6)) == list(islice(space.sample(5), 6))


@pytest.mark.long
def test_an_empty_space_is_proven_to_be_so() -> None:
    """By counting, or by a search that has looked everywhere."""
    assert made([500] * 5, "a + b + c + d + e == 4").sampling == Sampling("counted", 0)
    empty = made([500] * 4, "a * b + c * d == 1")
    assert empty.sampling == Sampling("counted", 0)
    assert list(empty.sample(0)) == []


@pytest.mark.long
def test_where_a_search_finds_nothing_it_says_so() -> None:
    """Without proof: there may be some."""
    space = made([5000] * 3, "(a * b + c) % 9973 == 4711", "(a * c - b) % 9967 == 1")
    assert space.sampling == Sampling("searched", found=False)


def test_others_are_sampled_by_rejection() -> None:
    """As before: without constraints, of few points, or where one in 10,000 is feasible."""
    assert made([10**6] * 3).sampling == Sampling("rejection")
    assert made([400, 400], "a + b == 2").sampling == Sampling("rejection")
    assert made([10**6, 10**6], "a * 4000 < b").sampling == Sampling("rejection")
    assert made([10**4, 10**4], "a * 9000 < b").sampling == Sampling("counted", 1000)


RULES = {
    "a < b": lambda a, b, c, d, k: a < b,
    "a < b < c": lambda a, b, c, d, k: a < b < c,
    "a + 2 * b - c != k": lambda a, b, c, d, k: a + 2 * b - c != k,
    "a + b + c >= d + k": lambda a, b, c, d, k: a + b + c >= d + k,
    "3 * c == 2 * d or a == 1": lambda a, b, c, d, k: 3 * c == 2 * d or a == 1,
    "not (a == b) and c <= d": lambda a, b, c, d, k: a != b and c <= d,
    "a in (1, 3, 5)": lambda a, b, c, d, k: a in (1, 3, 5),
    "d not in (2, b)": lambda a, b, c, d, k: d not in (2, b),
    "a * b // c == d - 1": lambda a, b, c, d, k: a * b // c == d - 1,
    "a % b == c % 2": lambda a, b, c, d, k: a % b == c % 2,
    "abs(a - b) <= max(c, d) - 1": lambda a, b, c, d, k: abs(a - b) <= max(c, d) - 1,
    "min(a, c) / d > 0.5": lambda a, b, c, d, k: min(a, c) / d > 0.5,
    "a / (b - 2) < 2": lambda a, b, c, d, k: b != 2 and a / (b - 2) < 2,
    "not (a / (b - 2) < 2 and c > 1)": lambda a, b, c, d, k: (
        b != 2 and not (a / (b - 2) < 2 and c > 1)
    ),
    "b == 2 or a // (b - 2) == -k": lambda a, b, c, d, k: b == 2 or a // (b - 2) == -k,
    "k < 3": lambda a, b, c, d, k: k < 3,
    "k / (k - 1) > 0 and a != b": lambda a, b, c, d, k: k != 1 and k / (k - 1) > 0 and a != b,
    "-a - b < -c": lambda a, b, c, d, k: -a - b < -c,
}


@pytest.mark.long
@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 6), min_size=4, max_size=4),
    st.lists(st.sampled_from(sorted(RULES)), min_size=1, max_size=4),
    st.integers(-2, 4),
    st.sampled_from([0, 40, 10**6]),
    st.integers(0, 99),
)
def test_counted_or_searched_each_feasible_point_comes_once(lengths, texts, k, steps, seed):
    """Whatever the constraints: as if every point had been tried."""
    space = made(lengths, *texts, k=k)
    grid = product(*(range(1, n + 1) for n in lengths))
    expected = {point for point in grid if all(RULES[text](*point, k) for text in texts)}
    points = list(sparse_of(space.axes, space.fixed, space.constraints, steps).points(seed))
    assert len(points) == len(expected)
    assert {tuple(level + 1 for level in point) for point in points} == expected


CHOICES = (
    Axis.choices("kind", ["slow", "fast", "off"]),
    Axis.choices("flag", [True, False]),
    Axis.choices("n", [5, 1, 3]),
)


@pytest.mark.parametrize("steps", [0, 10**6])
@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('kind == "fast"', lambda kind, flag, n: kind == "fast"),
        ('kind != "off" or not flag', lambda kind, flag, n: kind != "off" or not flag),
        ("flag", lambda kind, flag, n: flag),
        ("n > 2 and flag", lambda kind, flag, n: n > 2 and flag),
        ("n - 2 <= 1", lambda kind, flag, n: n - 2 <= 1),
        ('kind in ("off", "slow") and flag == false', lambda kind, flag, n: (
            kind in ("off", "slow") and flag is False
        )),
        ("(n > 2) == flag", lambda kind, flag, n: (n > 2) == flag),
    ],
)  # fmt: skip
def test_choices_are_searched_and_counted(steps, text, holds) -> None:
    """Texts, truth values, and numbers that are not in order."""
    known = {axis.name: axis for axis in CHOICES}
    space = Space(CHOICES, {}, [ParameterConstraint.parse(text, known)])
    points = sparse_of(space.axes, {}, space.constraints, steps).points(0)
    values = [tuple(space.values(point).values()) for point in points]
    grid = product(("slow", "fast", "off"), (True, False), (5, 1, 3))
    assert sorted(values) == sorted(one for one in grid if holds(*one))
