"""The Pareto front: the points that no other point dominates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether `one` is nowhere lower than `other`, and somewhere higher."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def pareto_front(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the places of the points that no other one dominates, in their order.

    Each point has as many objectives, the higher the better. Equal points do not dominate each
    other. It takes time in proportion to the number of points times the size of the front.
    """
    # A point is dominated by none that comes after it in this order.
    order = sorted(range(len(points)), key=lambda place: points[place], reverse=True)
    front: list[int] = []
    for place in order:
        point = points[place]
        if not any(dominates(points[one], point) for one in front):
            front.append(place)
    return sorted(front)


def spread(ranked: Sequence[T], count: int) -> list[T]:
    """Return up to `count` of the items, at equal distances; the first one, and so the last."""
    last = len(ranked) - 1
    if count > last:
        return list(ranked)
    return [ranked[0], *(ranked[last * at // (count - 1)] for at in range(1, count))]
