"""The search method `lhs`: evenness, constraints, small spaces, other stages, SciPy or none."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import leanopt_lhs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_lhs import LhsOptions
from leanopt_lhs._impl import create

from leanopt_core.errors import PluginError
from leanopt_core.search.commands import Propose, StageRule
from leanopt_core.space import Axis, ParameterConstraint, Space
from leanopt_core.stage import Stage, StageStart
from leanopt_core.testing import StageContract, drive

DESIGNS = ("random", "optimized", "sobol")
#: The same, where the optimized design repeats for long what the others show.
ALIKE = ("random", pytest.param("optimized", marks=pytest.mark.long), "sobol")


def space(*lengths: int, rules: tuple[str, ...] = ()) -> Space:
    """Return a space with axes a, b, c ... of so many levels each, counted from 0."""
    names = "abcdefgh"[: len(lengths)]
    axes = tuple(Axis.integers(n, 0, size - 1, 1) for n, size in zip(names, lengths, strict=True))
    return Space(axes, {}, tuple(ParameterConstraint.parse(rule, names) for rule in rules))


def stage(trials: int | None, design: str = "random", name: str = "lhs") -> StageRule:
    """Return the stage `lhs`."""
    options = LhsOptions(design)  # type: ignore[arg-type]
    return StageRule(name, f"stage '{name}'", partial(create, options), trials)


@pytest.mark.kit_again
@pytest.mark.alike(1)
class Contract(StageContract):
    """The kit for search methods, for one design."""

    design = "random"
    trials = 16  # an optimised design takes a while
    examples = 40  # a design seldom repeats a point
    exhaustive = True
    cost_growth = 0

    @pytest.fixture
    def build(self) -> Callable[[StageStart], Stage]:
        """The method with the design of this class."""
        return partial(create, LhsOptions(self.design))


for each in DESIGNS:
    globals()[f"Test{each.title()}"] = type(f"Test{each.title()}", (Contract,), {"design": each})
# It differs in the points only, for which it takes long.
TestOptimized = pytest.mark.long(globals()["TestOptimized"])


def run(*search: Any, **how: Any) -> list[Propose]:
    """Return the proposals of a search."""
    return drive(*search, **how).proposed


def points(proposed: list[Propose]) -> list[tuple[int, ...]]:
    """Return the points of proposals."""
    return [command.proposal.point for command in proposed]


def origins(proposed: list[Propose]) -> set[str]:
    """Return the origins of proposals."""
    return {command.proposal.origin for command in proposed}


@given(st.integers(1, 40), st.lists(st.integers(1, 90), min_size=1, max_size=4), st.integers(0))
def test_covers_every_axis_evenly(trials: int, lengths: list[int], seed: int) -> None:
    """Each level of a short axis equally often give or take one; each stratum of a long one once.

    The i-th smallest level of n on an axis of L must lie in stratum i: from i L / n to below
    (i + 1) L / n, both rounded down, and at least one level wide.
    """
    proposed = run(space(*lengths), [stage(trials)], seed=seed)
    if not origins(proposed) <= {"random design"}:
        return  # the whole space
    for levels, length in zip(zip(*points(proposed), strict=True), lengths, strict=True):
        if length <= trials:
            counts = Counter(levels).values()
            assert len(counts) == length
            assert max(counts) - min(counts) <= 1
        else:
            for stratum, level in enumerate(sorted(levels)):
                first, after = (n * length // trials for n in (stratum, stratum + 1))
                assert first <= level < after


@pytest.mark.parametrize("design", ["random", "optimized"])
def test_constraints_cost_no_evenness_where_they_need_not(design: str) -> None:
    """A forbidden corner is left by exchanges, so that every stratum has its point still."""
    proposed = run(space(80, 40, 20, rules=("a + b >= 30",)), [stage(20, design)])
    for axis, levels in enumerate(zip(*points(proposed), strict=True)):
        assert sorted(level * 20 // (80, 40, 20)[axis] for level in levels) == list(range(20))


@pytest.mark.alike(1)
@pytest.mark.parametrize("design", ALIKE)
@settings(max_examples=30, deadline=None)  # an optimised design takes a while
@given(
    st.integers(1, 30),
    st.integers(0, 10**6),
    st.sampled_from(["a < b", "a == b", "a + b + c > 16", "a == b and b == c", "a * b == 6"]),
)
def test_feasible_new_and_as_many_as_there_are(
    design: str, trials: int, seed: int, rule: str
) -> None:
    """Whatever the constraint: points of the grid that satisfy it, each once, none too few."""
    proposed = points(run(space(8, 9, 7, rules=(rule,)), [stage(trials, design)], seed=seed))
    feasible = {
        (a, b, c)
        for a, b, c in product(range(8), range(9), range(7))
        if eval(rule, {}, {"a": a, "b": b, "c": c})  # noqa: S307 - the independent truth
    }
    assert set(proposed) <= feasible
    assert len(set(proposed)) == len(proposed) == min(trials, len(feasible))


def test_says_where_the_space_is_smaller() -> None:
    """Then every point is proposed once, and each one's origin says so."""
    small = space(6, 6, rules=("a < b",))
    fewer = run(small, [stage(128)])
    assert sorted(points(fewer)) == [(a, b) for a in range(6) for b in range(6) if a < b]
    assert origins(fewer) == {"all 15 points of the space, fewer than the 128 asked for"}
    assert origins(run(small, [stage(15)])) == {"all 15 points of the space"}
    assert origins(run(small, [stage(14)])) == {"random design"}


@pytest.mark.long
def test_says_where_no_more_were_found() -> None:
    """In a vast space with few feasible points, the search for them is bounded, and said."""
    proposed = run(space(2100, 1000, rules=("a + b < 29",)), [stage(430)])
    found = len(proposed)
    assert 0 < found < 430
    assert all(a + b < 29 for a, b in points(proposed))
    assert origins(proposed) == {
        f"random design, {found} of 430 points: no more feasible ones were found"
    }
    with pytest.raises(PluginError, match=r"satisfies constraints\.parameters"):
        run(space(150, 150, 100, rules=("a + b + c < 0",)), [stage(4)])


def test_fills_a_design_where_one_point_in_a_million_is_feasible() -> None:
    """Of 10^12 points: the others are chosen among those that are counted."""
    chain = space(*[100] * 6, rules=("a < b < c < d < e < f < 26",))
    proposed = run(chain, [stage(60)])
    assert len(set(points(proposed))) == 60
    assert all(map(chain.feasible, points(proposed)))
    assert origins(proposed) == {"random design"}


@pytest.mark.parametrize("design", ALIKE)
def test_avoids_what_earlier_stages_tried(design: str) -> None:
    """No point is proposed twice, so none is refused; at the end the rest is proposed whole."""
    stages = [stage(6, design, "one"), stage(6, design, "two"), stage(90, design, "three")]
    proposed = run(space(6, 6, rules=("a < b",)), stages)
    assert len(set(points(proposed))) == 15
    assert {command.attempt for command in proposed} == {0}
    assert proposed[-1].proposal.origin == "all 3 points left, fewer than the 90 asked for"


@pytest.mark.alike(1)
@pytest.mark.parametrize("design", DESIGNS)
def test_distance_changes_nothing(design: str) -> None:
    """Results are not looked at, so that the design is the same however late they come."""
    wide = space(50, 20, 9, rules=("a > b",))
    first = run(wide, [stage(24, design)])
    for lookahead in (1, 8, 48):
        assert points(run(wide, [stage(24, design)], lookahead=lookahead)) == points(first)
    assert points(run(wide, [stage(24, design)], seed=8)) != points(first)


def test_same_on_every_machine() -> None:
    """The plain design comes from the seed alone: these are its points, for good."""
    proposed = points(run(space(100, 10, 3, rules=("a > b",)), [stage(5)], seed=1))
    assert proposed == [(64, 3, 0), (30, 6, 0), (44, 0, 1), (88, 9, 2), (7, 4, 1)]


@pytest.mark.long
def test_optimized_fills_better() -> None:
    """Its centred discrepancy is below that of nine in ten plain designs."""
    qmc = pytest.importorskip("scipy.stats.qmc")
    wide = space(1000, 1000, 1000, 1000)

    def discrepancy(design: str, seed: int) -> float:
        proposed = points(run(wide, [stage(32, design)], seed=seed))
        return float(qmc.discrepancy((np.array(proposed) + 0.5) / 1000))

    plain = sorted(discrepancy("random", seed) for seed in range(20))
    assert all(discrepancy("optimized", seed) < plain[2] for seed in range(5))


@given(st.integers(0, 10**6))
def test_sobol_is_a_net(seed: int) -> None:
    """Of 16 points each elementary box of the first two axes has one: 16 x 1, 8 x 2, 4 x 4 ..."""
    proposed = points(run(space(64, 64, 64), [stage(16, "sobol")], seed=seed))
    for fine in range(5):
        boxes = {(a * 2**fine // 64, b * 2 ** (4 - fine) // 64) for a, b, _ in proposed}
        assert len(boxes) == 16
    assert len({c // 4 for _, _, c in proposed}) == 16


def test_without_a_number_of_trials() -> None:
    """A design has a size, which the user names."""
    with pytest.raises(PluginError, match=r"stage 'lhs', being built: .* as trials = 128"):
        run(space(9, 9), [stage(None)])


@pytest.mark.parametrize("design", ["optimized", "sobol"])
def test_without_scipy(design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain design needs none; for the others the message says what to install."""
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    assert len(run(space(30, 30), [stage(8)])) == 8
    with pytest.raises(PluginError, match=r"pip install 'leanopt-lhs\[optimized\]'"):
        run(space(30, 30), [stage(8, design)])


FRESH = """
import sys
from functools import partial
from leanopt_core.search.commands import StageRule
from leanopt_core.search.machine import SearchMachine
from leanopt_core.space import Axis, Space
from leanopt_lhs import LhsOptions
from leanopt_lhs._impl import create

space = Space((Axis.integers("a", 0, 99, 1), Axis.integers("b", 0, 99, 1)), {}, ())
stage = StageRule("lhs", "stage 'lhs'", partial(create, LhsOptions(sys.argv[1])), 8)
machine = SearchMachine(space, [stage], seed=7, lookahead=8)
print(len(list(machine.advance())), "numpy" in sys.modules)
"""


@pytest.mark.alike(1)
@pytest.mark.parametrize(("design", "heavy"), [("random", "False"), ("sobol", "True")])
def test_heavy_libraries_only_where_needed(design: str, heavy: str) -> None:
    """The plain design imports no NumPy; importing it late is no use of global random state."""
    ended = subprocess.run(
        [sys.executable, "-c", FRESH, design], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["9", heavy]


def test_registers_lightly() -> None:
    """The hook names the method and where its code is."""
    (spec,) = leanopt_lhs.leanopt_stages()
    assert (spec.name, spec.factory) == ("lhs", "leanopt_lhs._impl:create")
