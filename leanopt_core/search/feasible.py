"""How many points there are to search: exact, or estimated, with a warning where none was found."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.space import Space


@frozen
class Size:
    """How large a space is: `value` feasible points, `exact` or not, and a warning or none."""

    value: int
    exact: bool
    warning: str | None = None


def size_of(space: Space) -> Size:
    """Return the number of feasible points.

    A pipeline whose space is proven empty has been refused before; where only sampling was
    possible and found no point, that is a warning.
    """
    counted = space.count()
    exact = counted.how != "estimated"
    if counted.value or exact:
        return Size(counted.value, exact)
    warning = (
        "no sampled point satisfies constraints.parameters; "
        "if none does, the search will find nothing to try"
    )
    return Size(0, exact=False, warning=warning)
