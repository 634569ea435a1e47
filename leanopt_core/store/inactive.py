"""Which parameters of a run's trials are inactive: the conditions in its plan say so."""

from __future__ import annotations

import json
from typing import Self

from attrs import frozen

from leanopt_core.space import Point, Space
from leanopt_core.store.records import StoredRun


@frozen
class Inactive:
    """The space of a run whose parameters have conditions, None of other runs."""

    space: Space | None

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Return that of a run."""
        record = json.loads(run.plan).get("space", {})
        return cls(Space.from_dict(record) if "conditions" in record else None)

    def at(self, where: Point | int) -> dict[str, str]:
        """Return the inactive parameters at a point, or a grid index, each with its condition."""
        space = self.space
        if space is None:
            return {}
        point = space.point_at(where) if isinstance(where, int) else where
        pairs = zip(space.names, space.active(point), strict=True)
        return {name: space.conditions[name].text for name, active in pairs if not active}
