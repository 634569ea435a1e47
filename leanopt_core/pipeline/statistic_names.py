"""Look at the names of statistics in a pipeline, as far as its engine says what it reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import cast

from attrs import frozen

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.settings import Choice, Pipeline
from leanopt_core.scoring import ResultConstraint, SoftConstraint
from leanopt_core.space import Formula
from leanopt_core.specs import EngineSpec
from leanopt_core.statistics import Statistics
from leanopt_core.suggest import nearest


@frozen
class NamedStatistic:
    """A statistic that a pipeline names, and the key that does."""

    key: str
    name: str

    def misspelt(self, reported: Collection[str]) -> str | None:
        """Return why none of these statistics can be meant, None if none resembles the name."""
        known = Statistics(dict.fromkeys(reported, 0.0))
        if known.has(self.name) or not nearest(self.name, reported):
            return None
        return known.missing(self.name)


def named_statistics(
    functions: Sequence[Choice],
    constraints: Sequence[ResultConstraint],
    soft: Sequence[SoftConstraint] = (),
) -> tuple[NamedStatistic, ...]:
    """Return the statistics that constraints and options of fitness functions name."""
    found = [*_in_constraints(constraints), *_in_soft(soft)]
    for index, function in enumerate(functions):
        found += _in_options(function, f"fitness[{index}]" if len(functions) > 1 else "fitness")
    return tuple(NamedStatistic(*one) for one in dict.fromkeys(found))


def statistics_of(pipeline: Pipeline) -> tuple[NamedStatistic, ...]:
    """Return the statistics that a pipeline names."""
    return named_statistics(pipeline.functions, pipeline.constraints, pipeline.soft)


def statistic_notes(engine: Choice, named: Sequence[NamedStatistic]) -> tuple[str, ...]:
    """Return a warning for each name that is probably misspelt, with its key.

    A strategy can report statistics of its own, so an unknown name is an error only in a backtest.
    One that resembles a statistic of the engine is worth a warning.
    """
    reported = cast("EngineSpec", engine.registered.spec).statistics
    return tuple(
        f"{one.key}: {why} (among those that engine {engine.use!r} always reports)"
        for one in named
        if (why := one.misspelt(reported))
    )


def refuse_misspelt(pipeline: Pipeline, reported: Collection[str] | None) -> None:
    """Raise PipelineError for names that resemble one of all the statistics that are `reported`.

    None says that the strategy may report others. A name that resembles none may be one of a newer
    version of the engine: the first backtest tells.
    """
    mistakes = [
        Mistake(str(pipeline.file), one.key, "", why)
        for one in statistics_of(pipeline)
        if (why := one.misspelt(reported or ()))
    ]
    if mistakes:
        raise PipelineError(mistakes)


def _in_constraints(constraints: Sequence[ResultConstraint]) -> Iterator[tuple[str, str]]:
    for index, constraint in enumerate(constraints):
        yield f"constraints.results[{index}]", constraint.statistic


def _in_soft(soft: Sequence[SoftConstraint]) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(soft):
        yield f"constraints.soft[{index}].rule", one.rule.statistic


def _in_options(fitness: Choice, at: str) -> Iterator[tuple[str, str]]:
    """Yield the statistics in the options whose metadata say that they name some."""
    texts = (one for one in fitness.marked("statistics") if isinstance(one[2], str))
    for key, mark, value in texts:
        names = Formula.parse(value).statistics if mark == "formula" else (value,)
        for name in names:
            yield f"{at}.{key}", name
