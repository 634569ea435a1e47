"""Whether a space has a feasible point at all: proven where that can be, else a warning."""

from __future__ import annotations

from attrs import frozen

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline import Pipeline, emptied


@frozen
class Size:
    """How large a space is: `value` feasible points, `exact` or not, and a warning or none."""

    value: int
    exact: bool
    warning: str | None = None


def require_feasible(pipeline: Pipeline) -> Size:
    """Return the number of feasible points.

    Raises PipelineError naming the constraints that together leave none, where counting proves it;
    where only sampling was possible and found none, the size carries a warning.
    """
    counted = pipeline.space.count()
    if counted.value or not pipeline.space.constraints:
        return Size(counted.value, counted.how != "estimated")
    if counted.how == "estimated":
        warning = (
            "no sampled point satisfies constraints.parameters; "
            "if none does, the search will find nothing to try"
        )
        return Size(0, exact=False, warning=warning)
    found, expected = emptied(pipeline.space)
    raise PipelineError([Mistake(str(pipeline.file), "constraints.parameters", found, expected)])
