"""Points in the options of stages: checked against the space, and given as its grid has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve

from leanopt_core.pipeline.points import PointError, grid_point
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.settings import StageSettings
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.space import Point, Space, Value

#: Metadata of an option that is a list of points, each a mapping of values by parameter.
POINTS = "points"


def with_points(
    stages: Sequence[StageSettings], space: Space, problems: Problems
) -> tuple[StageSettings, ...]:
    """Return the stages; points in options marked `POINTS` have all searched parameters.

    Report points that are off the grid, with the nearest value, that are not feasible, or that come
    twice.
    """
    return tuple(
        _stage(stage, ("stage", place), space, problems) for place, stage in enumerate(stages)
    )


def searched_values(space: Space, point: Point) -> dict[str, Value]:
    """Return the values of the searched parameters at a point, by name."""
    pairs = zip(space.axes, point, strict=True)
    return {axis.name: axis.value(level) for axis, level in pairs}


def _stage(stage: StageSettings, at: KeyPath, space: Space, problems: Problems) -> StageSettings:
    changed = {
        key: tuple(_checked(points, (*at, key), space, problems))
        for key, _, points in stage.choice.marked(POINTS)
        if points
    }
    return (
        stage
        if problems.found or not changed
        else evolve(stage, choice=stage.choice.changed(changed))
    )


def _checked(
    points: Sequence[Mapping[str, object]], at: KeyPath, space: Space, problems: Problems
) -> Iterator[dict[str, Value]]:
    seen: dict[Point, int] = {}
    for place, given in enumerate(points):
        here = (*at, place)
        try:
            point = grid_point(space, given)
        except PointError as error:
            for name, found, problem in error.problems(given):
                if name is None:
                    problems.add(here, toml_text(dict(given)), problem)
                else:
                    problems.add((*here, name), found, problem)
            continue
        if point in seen:
            problems.add(here, toml_text(dict(given)), f"repeats {at[-1]}[{seen[point]}]")
        seen.setdefault(point, place)
        yield searched_values(space, point)
