"""Points that come from another run: an option names the run, and its trials become the plan's."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from leanopt_core.errors import Mistake, PipelineError, UsageError
from leanopt_core.pipeline import Pipeline, StageSettings
from leanopt_core.pipeline.points import PointError, grid_point
from leanopt_core.pipeline.stage_points import searched_values
from leanopt_core.project_files import STORE
from leanopt_core.space import Space, Value
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store, open_to_look

#: Metadata of an option that names a run: the key of the option that gets the points of its trials.
POINTS_OF = "points_of"
_MOST = 2**62


def with_run_points(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline whose stages have the points of the runs that their options name.

    The points of told trials come in the order of their rank, each once. Raises PipelineError if
    there is no such run, if it has no trial, or if one is not on the pipeline's grid.
    """
    stages = tuple(_filled(stage, place, pipeline) for place, stage in enumerate(pipeline.stages))
    return pipeline if stages == pipeline.stages else evolve(pipeline, stages=stages)


def _filled(stage: StageSettings, place: int, pipeline: Pipeline) -> StageSettings:
    for key, target, name in list(stage.choice.marked(POINTS_OF)):
        if name is not None:
            where = f"stage[{place}].{key}"
            own = getattr(stage.choice.options, target)
            found = _points(pipeline, name, where)
            points = {tuple(one.items()): one for one in (*own, *found)}
            changed = stage.choice.changed({key: None, target: tuple(points.values())})
            stage = evolve(stage, choice=changed)
    return stage


def _points(pipeline: Pipeline, name: str, where: str) -> list[dict[str, Value]]:
    def mistake(expected: str) -> PipelineError:
        return PipelineError([Mistake(str(pipeline.file), where, f'"{name}"', expected)])

    path = pipeline.folder / STORE
    if not path.is_file():
        raise mistake("expected a run of this project; there is none yet")
    try:
        with open_to_look(path) as store:
            found = list(_trials(store, _named(store, name), pipeline.space))
    except UsageError as error:
        raise mistake(f"expected a run of this project ({error})") from None
    if not found:
        raise mistake("expected a run with trials")
    return found


def _named(store: Store, name: str) -> StoredRun:
    """Return the run of this name; a prefix could mean another run once there are more."""
    run = store.runs.find(name)
    if run.name != name:
        raise UsageError(f"give its whole name, {run.name}")
    return run


def _trials(store: Store, run: StoredRun, space: Space) -> Iterator[dict[str, Value]]:
    """Yield the searched parameters of a run's told trials by rank; raises UsageError."""
    own = run.space
    for ranked in store.reader.ranked(run, _MOST):
        values = own.values(own.point_at(ranked.trial.grid_index))
        given = {name: value for name, value in values.items() if name in space.names}
        try:
            point = grid_point(space, given)
        except PointError as error:
            why = "; ".join(str(error).splitlines())
            raise UsageError(
                f"its trial {ranked.trial.number} is not on this grid: {why}"
            ) from None
        yield searched_values(space, point)
