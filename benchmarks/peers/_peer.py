"""What a peer is: asked for points, told scores in the order of its asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leanopt_core.space import Point
    from leanopt_core.trial import Score


class Peer(Protocol):
    """A search method that the benchmark drives without leanopt's engine."""

    def ask(self) -> Point | None:
        """Return the next point, which may be one that was tried before; None at the end."""
        ...

    def tell(self, point: Point, score: Score) -> None:
        """Learn a result; results come in the order of the asks."""
        ...
