"""Random feasible points without repeats: complete, uniform, repeatable, in no memory."""

import tracemalloc
from collections import Counter, deque
from itertools import islice, permutations, product
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.space import Axis, ParameterConstraint, Permutation, Space

seeds = st.integers(-(2**70), 2**70)


def square(size, *texts):
    """Return a space of two axes x and y of this length."""
    axes = (Axis.integers("x", 0, size - 1), Axis.integers("y", 0, size - 1))
    return Space(axes, {}, [ParameterConstraint.parse(text, ["x", "y"]) for text in texts])


def looks_uniform(counts, places):
    """Say whether counts over equally likely places are, at a chance of error of 1 in 10**6.

    The chi-squared quantile by Wilson and Hilferty, "The distribution of chi-square", 1931.
    """
    expected = sum(counts.values()) / places
    statistic = sum((counts.get(place, 0) - expected) ** 2 / expected for place in counts)
    statistic += (places - len(counts)) * expected
    freedom = places - 1
    quantile = freedom * (1 - 2 / (9 * freedom) + 4.7534 * sqrt(2 / (9 * freedom))) ** 3
    return statistic < quantile


@given(st.integers(1, 600), seeds)
def test_a_permutation_gives_every_number_once(size, seed):
    """For any size and any seed."""
    order = Permutation(size, seed)
    assert sorted(order(i) for i in range(size)) == list(range(size))


@given(st.integers(2**60, 2**400), seeds, st.data())
def test_a_huge_permutation_stays_inside_and_apart(size, seed, data):
    """Neighbours too go to different numbers below the size."""
    order = Permutation(size, seed)
    start = data.draw(st.integers(0, size - 50))
    found = [order(i) for i in range(start, start + 50)]
    assert all(0 <= number < size for number in found)
    assert len(set(found)) == 50


@pytest.mark.parametrize("index", [-1, 5])
def test_a_permutation_ends_where_its_size_does(index):
    """No index wraps around."""
    with pytest.raises(IndexError, match="a permutation of 5 has no index"):
        Permutation(5, 1)(index)


def test_orders_of_few_are_equally_likely():
    """All 24 orders of four numbers, over 4800 seeds."""
    counts = Counter(tuple(Permutation(4, seed)(i) for i in range(4)) for seed in range(4800))
    assert set(counts) == set(permutations(range(4)))
    assert looks_uniform(counts, 24)


@pytest.mark.parametrize("size", [3, 10, 17, 64, 100])
def test_every_place_gets_every_number_equally_often(size):
    """The first, the last, and both together, over 40 seeds a cell."""
    drawn = [
        (order(0), order(size - 1))
        for order in map(Permutation, [size] * 40 * size, range(40 * size))
    ]
    assert looks_uniform(Counter(first for first, _ in drawn), size)
    assert looks_uniform(Counter(last for _, last in drawn), size)
    assert looks_uniform(Counter((last - first) % size for first, last in drawn), size - 1)


def test_a_huge_permutation_spreads():
    """Which hundredth of 10**30 numbers the first 10,000 fall into."""
    order = Permutation(10**30, 5)
    assert looks_uniform(Counter(order(i) * 100 // 10**30 for i in range(10_000)), 100)


@given(st.integers(1, 12), st.sampled_from(["x < y", "x * y % 3 == 1", "x > 99"]), seeds)
def test_a_sample_is_all_feasible_points_once(size, text, seed):
    """To its end it gives exactly what plain enumeration finds."""
    rule = {
        "x < y": lambda x, y: x < y,
        "x * y % 3 == 1": lambda x, y: x * y % 3 == 1,
        "x > 99": lambda _x, _y: False,
    }[text]
    expected = [point for point in product(range(size), repeat=2) if rule(*point)]
    found = list(square(size, text).sample(seed))
    assert len(found) == len(expected)
    assert set(found) == set(expected)


def test_feasible_points_are_equally_likely():
    """Any of them comes first, and any second, over 4000 seeds."""
    space = square(6, "x < y", "x + y != 5")
    feasible = [p for p in product(range(6), repeat=2) if p[0] < p[1] and sum(p) != 5]
    firsts, seconds = zip(*(islice(space.sample(seed), 2) for seed in range(4000)), strict=True)
    assert set(firsts) == set(feasible)
    assert looks_uniform(Counter(firsts), len(feasible))
    assert looks_uniform(Counter(seconds), len(feasible))


def test_samples_never_change():
    """Recorded once: a run can only be repeated where its points come again."""
    assert list(islice(square(1000, "x < y").sample(7), 4)) == [
        *((147, 384), (85, 355), (63, 903), (439, 885))
    ]
    assert list(islice(square(10**15).sample(-1), 2)) == [
        *((915762243762549, 74952247010939), (270675320118305, 642920508559948))
    ]
    order = Permutation(10, 2**64 + 1)
    assert [order(i) for i in range(10)] == [4, 0, 3, 2, 7, 6, 9, 1, 5, 8]
    assert Permutation(10**300, 3)(0) % 10**20 == 99460595460293777723


def test_seeds_of_any_size_and_sign_differ():
    """Those too that agree in their lowest 64 bits."""
    keys = [0, 1, -1, 2**64, 2**64 + 1, -(2**64), 2**128 + 1]
    orders = {tuple(Permutation(1000, seed)(i) for i in range(8)) for seed in keys}
    assert len(orders) == len(keys)


@pytest.mark.long
def test_memory_does_not_grow():
    """Of 100,000 draws from 10**12 points the last ten thousand, watched, leave nothing behind."""
    sample = square(10**6, "x != y").sample(3)
    deque(islice(sample, 90_000), maxlen=0)
    tracemalloc.start()
    try:
        deque(islice(sample, 10_000), maxlen=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000
