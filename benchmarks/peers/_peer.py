"""What a peer is: asked for points, told scores in the order of its asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

if TYPE_CHECKING:
    from leanopt_core.space import Point, Space
    from leanopt_core.trial import Score

#: A peer starts again after so many suggestions in a row that break a constraint on parameters.
TRIES: Final = 100
#: Between the seeds of two starts of one run.
STRIDE: Final = 1000


class Peer(Protocol):
    """A search method that the benchmark drives without leanopt's engine."""

    def ask(self) -> Point | None:
        """Return the next point, which may be one that was tried before; None at the end."""
        ...

    def tell(self, point: Point, score: Score) -> None:
        """Learn a result; results come in the order of the asks."""
        ...


@define
class Restarts:
    """The seeds of a peer's starts, and where it starts again."""

    space: Space
    seed: int
    count: int = 0
    _best: tuple[float, Point] | None = field(default=None, init=False)

    @property
    def next_seed(self) -> int:
        """Return the seed of the next start."""
        return self.seed + STRIDE * self.count

    @property
    def point(self) -> Point:
        """Return the best point so far, or a random one that keeps to the constraints."""
        return self._best[1] if self._best else next(iter(self.space.sample(self.next_seed)))

    def told(self, point: Point, score: Score) -> None:
        """Remember a point if it is the best."""
        value = score.objective if score.feasible else None
        if value is not None and (self._best is None or value > self._best[0]):
            self._best = value, point
