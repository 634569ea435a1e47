"""The distribution of paths over the same days: which paths count."""

from __future__ import annotations

from statistics import quantiles

import pytest

from leanopt_core.report.curve import Curve
from leanopt_core.report.distribution import distributions
from leanopt_core.report.known import Known
from leanopt_core.report.spread import Distribution
from leanopt_core.report.windows import PathReport, Window


def path(name: str, value: float, *, tests: str = "ab", gap: bool = False) -> PathReport:
    """Return a path with two windows, whose curve is one day."""
    windows = tuple(
        Window(at, ("x",), test, "gap" if gap and at else "tested", 5, 1, {}, 1.0, 1.0, 0.0, None)
        for at, test in enumerate(tests)
    )
    return PathReport(name, windows, Known(why="none"), (), Curve([0], [1], [value], 1.0))


def test_a_path_with_a_gap_does_not_count() -> None:
    """Its curve lacks days that the others have."""
    [found] = distributions(
        [path("path 1", -0.5), path("path 2", 0.25), path("path 3", 9, gap=True)]
    )
    assert found.paths == ("path 1", "path 2", "path 3")
    assert found.losses == 1
    assert found.to_dict()["return"]["unknown"] == 1
    assert (found.total_return.least, found.total_return.most) == pytest.approx((-0.5, 0.25))
    # One return has no Sharpe ratio.
    assert found.sharpe.count == 0
    assert found.to_dict()["sharpe"] is None


def test_paths_of_other_days_or_symbols_are_apart() -> None:
    """A single path has no distribution: a walk-forward of several lengths has none."""
    alone = [path("3y/1y", 0.1), path("2y/1y", 0.1, tests="ac")]
    assert distributions(alone) == ()
    two = [path(f"{symbol} path {at}", 0.1 * at) for symbol in "AB" for at in (1, 2)]
    assert [one.paths for one in distributions([*alone, *two])] == [
        *(("A path 1", "A path 2"), ("B path 1", "B path 2"))
    ]


def test_quartiles_are_of_the_known_values() -> None:
    """By linear interpolation; of one value they are that value, of none there are none."""
    low, middle, high = quantiles([1, 2, 3, 4], method="inclusive")
    found = Distribution.of([4.0, None, 1.0, 2.0, 3.0])
    assert found == Distribution(4, 1.0, low, middle, high, 4.0, 2.5)
    assert Distribution.of([2.0, None]) == Distribution(1, *[2.0] * 6)
    assert Distribution.of([None]) == Distribution(0)
