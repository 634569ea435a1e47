"""How many points are feasible, and which constraints leave none: against plain enumeration."""

from itertools import combinations, product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, ParameterConstraint, Space

NAMES = "abcde"

RULES = {
    "a < b": lambda a, b, **_: a < b,
    "b < a": lambda a, b, **_: b < a,
    "b < c": lambda b, c, **_: b < c,
    "a == b + c": lambda a, b, c, **_: a == b + c,
    "a % 2 == 0": lambda a, **_: a % 2 == 0,
    "not a % 2 == 0": lambda a, **_: a % 2 != 0,
    "d * e > 4": lambda d, e, **_: d * e > 4,
    "d + e < 4": lambda d, e, **_: d + e < 4,
    "c > 2 or d > 2": lambda c, d, **_: c > 2 or d > 2,
    "k < 2": lambda k, **_: k < 2,
    "1 < a + k": lambda a, k, **_: a + k > 1,
}

lengths = st.lists(st.integers(1, 4), min_size=5, max_size=5)
texts = st.lists(st.sampled_from(sorted(RULES)), unique=True, max_size=5)
fixed = st.fixed_dictionaries({"k": st.integers(1, 2)})


def made(lengths, texts, fixed=None):
    """Return a space of int axes a, b, ... from 0 under these constraints."""
    axes = [Axis.integers(name, 0, n - 1) for name, n in zip(NAMES, lengths, strict=False)]
    known = {axis.name: axis for axis in axes} | (fixed or {})
    return Space(axes, fixed or {}, [ParameterConstraint.parse(text, known) for text in texts])


def enumerated(lengths, texts, fixed):
    """Return how many points satisfy all rules, by trying every one."""
    grid = (dict(zip(NAMES, p, strict=True)) for p in product(*map(range, lengths)))
    return sum(all(RULES[text](**values, **fixed) for text in texts) for values in grid)


@given(lengths, texts, fixed)
def test_a_count_is_what_enumeration_finds(lengths, texts, fixed):
    """Exact without constraints, else counted; its bounds are the number itself."""
    count = made(lengths, texts, fixed).count()
    assert count.value == enumerated(lengths, texts, fixed)
    assert count.how == ("counted" if texts else "exact")
    assert count.low == count.high == count.value


@given(lengths, texts, fixed, st.integers(0, 60), st.integers(1, 40))
def test_a_bounded_count_is_right_or_says_that_it_is_an_estimate(
    lengths, texts, fixed, limit, samples
):
    """What is called counted is so, however little was looked at; bounds are in order."""
    count = made(lengths, texts, fixed).count(limit, samples)
    assert 0 <= count.low <= count.value <= count.high
    if count.how != "estimated":
        assert count.low == count.high == enumerated(lengths, texts, fixed)


@given(lengths, texts, fixed)
def test_the_named_constraints_are_a_least_set_that_empties_the_space(lengths, texts, fixed):
    """Together they leave nothing, without any one of them something; none where points are."""
    core = [constraint.text for constraint in made(lengths, texts, fixed).emptying()]
    if enumerated(lengths, texts, fixed):
        assert core == []
        return
    assert core
    assert [text for text in texts if text in core] == core
    assert enumerated(lengths, core, fixed) == 0
    for fewer in combinations(core, len(core) - 1):
        assert enumerated(lengths, fewer, fixed) > 0


@pytest.mark.parametrize(
    ("texts", "core"),
    [
        (["d > 1", "a < b", "b < c", "c < a"], ["a < b", "b < c", "c < a"]),
        (["a < b", "b < a", "d > 1", "c < a"], ["a < b", "b < a"]),
        (["d > 99", "a < b", "b < a"], ["d > 99"]),
        (["a < b", "a > 999 and b > 999"], ["a > 999 and b > 999"]),
        (["a / (b - b) > 1", "a < b"], ["a / (b - b) > 1"]),
        (["a < b", "b < c"], []),
    ],
)
def test_the_first_least_set_is_named(texts, core):
    """Also on axes too long to enumerate together, as each set is proven by itself."""
    space = made([20, 20, 20, 10, 10**9], texts)
    assert [constraint.text for constraint in space.emptying()] == core


def test_what_cannot_be_proven_is_not_claimed():
    """A parity that no short look decides: estimated at nothing found, and nobody is blamed."""
    space = made([10**6, 10**6], ["a * 2 == b * 2 + 1"])
    assert space.emptying(limit=1000) == ()
    count = space.count(limit=1000, samples=100)
    assert (count.value, count.how, count.low) == (0, "estimated", 0)
    assert 0 < count.high < 10**12


def test_the_limit_is_how_many_partial_points_are_visited():
    """One axis of twenty levels needs twenty."""
    space = made([20], ["a % 2 == 0"])
    assert space.count(limit=20, samples=5).how == "counted"
    assert space.count(limit=19, samples=5).how == "estimated"


def test_the_narrowest_constraints_come_first():
    """However they are ordered: ten levels of b are left when a is walked, not a thousand."""
    count = made([1000, 1000], ["a < b", "b < 10"]).count(limit=12_000)
    assert (count.value, count.how) == (45, "counted")


def test_an_estimate_does_not_contradict_its_sample():
    """With all points drawn but one, that one alone is open."""
    for size in range(3, 60):
        count = made([size], ["a % 3 == 0"]).count(limit=1, samples=size - 1)
        assert count.how == "estimated"
        assert count.low <= len(range(0, size, 3)) <= count.high <= count.low + 1


def test_axes_that_share_no_constraint_multiply():
    """A billion points each, counted at once, where walking them together would take years."""
    space = made([10**9, 900, 900, 400, 400], ["b < c", "d < e"])
    count = space.count()
    assert count.value == 10**9 * comb(900, 2) * comb(400, 2)
    assert count.how == "counted"


def test_one_estimate_makes_the_product_an_estimate():
    """Bounds multiply too; a proven empty part is the end of it."""
    space = made([1000, 1000, 1000, 10, 10], ["a < b", "d < e"])
    count = space.count(limit=50_000, samples=2000)
    assert count.how == "estimated"
    assert count.low < comb(1000, 2) * 1000 * 45 < count.high
    assert {bound % 45_000 for bound in (count.low, count.value, count.high)} == {0}
    empty = made([1000, 1000, 1000, 10, 10], ["a < b", "d < e", "e < d"])
    assert (empty.count(50_000, 2000).value, empty.count(50_000, 2000).how) == (0, "counted")


@pytest.mark.alike(1)
@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("a < b", lambda n: comb(n, 2)),
        ("a + b < 20", lambda n: comb(21, 2)),
        ("a != b", lambda n: n * (n - 1)),
        ("a * 0 == b", lambda n: n),
    ],
)
def test_an_estimate_keeps_its_bounds(text, truth):
    """About 997 of 1000 spaces lie within three standard errors: here at least 98 of 100."""
    counts = [(n, made([n, n], [text]).count(limit=50, samples=400)) for n in range(100, 200)]
    assert {count.how for _, count in counts} == {"estimated"}
    assert sum(count.low <= truth(n) <= count.high for n, count in counts) >= 98
    assert all(count.high - count.low < 0.16 * n * n for n, count in counts)


def test_samples_of_everything_are_a_count():
    """Where as many are drawn as there are, nothing is estimated any more."""
    count = made([30, 30], ["a < b"]).count(limit=10, samples=900)
    assert (count.value, count.how) == (435, "counted")


@pytest.mark.long
def test_estimates_are_the_same_every_time():
    """They are a part of what a plan prints."""
    space = made([10**6, 10**6], ["a < b"])
    assert space.count() == space.count()
    assert space.count().value == 504_800_000_000


@pytest.mark.parametrize(("limit", "samples"), [(-1, 1), (0, 0)])
def test_a_count_needs_something_to_go_on(limit, samples):
    """A negative limit and no sample make no sense."""
    with pytest.raises(SpaceError, match="a limit of 0 or more and at least one sample"):
        made([3], []).count(limit, samples)
