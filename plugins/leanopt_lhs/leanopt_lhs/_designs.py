"""Designs: spread `count` points over the levels of the axes, without regard to constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leanopt_core.api import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random
    from types import ModuleType

#: Levels: one for each axis, for each point.
Rows = list[list[int]]


def random_design(lengths: Sequence[int], count: int, random: Random) -> Rows:
    """Return a Latin hypercube: on each axis every stratum once, in random order."""
    columns = [random.sample(range(count), count) for _ in lengths]
    strata = [[column[row] for column in columns] for row in range(count)]
    return _drawn(strata, lengths, random)


def optimized_design(lengths: Sequence[int], count: int, random: Random) -> Rows:
    """Return a Latin hypercube whose columns are permuted for a small centred discrepancy."""
    from numpy.random import default_rng

    sampler = quasi_monte_carlo().LatinHypercube(
        d=len(lengths),
        scramble=False,  # the middles of the strata, which rounding cannot mix up
        optimization="random-cd",
        rng=default_rng(random.getrandbits(63)),
    )
    strata = [[int(share * count) for share in point] for point in sampler.random(count).tolist()]
    return _drawn(strata, lengths, random)


def sobol_design(lengths: Sequence[int], count: int, random: Random) -> Rows:
    """Return the first `count` points of a scrambled Sobol sequence.

    The best count is a power of two: then every axis is stratified as in a Latin hypercube.
    """
    from numpy.random import default_rng

    sampler = quasi_monte_carlo().Sobol(
        d=len(lengths), scramble=True, rng=default_rng(random.getrandbits(63))
    )
    points = sampler.random_base2((count - 1).bit_length()).tolist()
    return [
        [int(share * length) for share, length in zip(point, lengths, strict=True)]
        for point in points[:count]
    ]


DESIGNS: Final[Mapping[str, Callable[[Sequence[int], int, Random], Rows]]] = {
    "random": random_design,
    "optimized": optimized_design,
    "sobol": sobol_design,
}


def quasi_monte_carlo() -> ModuleType:
    """Return `scipy.stats.qmc`; without SciPy raise PluginError with what to install."""
    try:
        from scipy.stats import qmc
    except ImportError:
        raise PluginError(
            "the designs 'optimized' and 'sobol' need SciPy: pip install 'leanopt-lhs[optimized]', "
            'or set design = "random"'
        ) from None
    return qmc  # type: ignore[no-any-return]  # SciPy has no types


def _drawn(strata: Sequence[Sequence[int]], lengths: Sequence[int], random: Random) -> Rows:
    """Return a random level of each stratum."""
    count = len(strata)
    return [
        [
            random.choice(stratum_levels(stratum, count, length))
            for stratum, length in zip(row, lengths, strict=True)
        ]
        for row in strata
    ]


def stratum_levels(stratum: int, count: int, length: int) -> range:
    """Return the levels of an axis of `length` levels that belong to one of `count` strata.

    With more levels than strata, every stratum has its own levels. Otherwise a stratum has one
    level, and each level has `count / length` strata, rounded up or down.
    """
    first = stratum * length // count
    return range(first, max(first + 1, (stratum + 1) * length // count))


def peers(level: int, count: int, length: int) -> range:
    """Return the levels that share a stratum with `level`, including itself."""
    if count >= length:
        return range(level, level + 1)
    return stratum_levels(((level + 1) * count - 1) // length, count, length)
