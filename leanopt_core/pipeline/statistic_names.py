"""Look at the names of statistics in a pipeline, as far as its engine says what it reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from leanopt_core.pipeline.settings import Choice
from leanopt_core.scoring import ResultConstraint
from leanopt_core.space import Formula
from leanopt_core.specs import EngineSpec
from leanopt_core.statistics import Statistics
from leanopt_core.suggest import nearest


def statistic_notes(
    engine: Choice, fitness: Choice, constraints: Sequence[ResultConstraint]
) -> tuple[str, ...]:
    """Return a warning for each name that is probably misspelt, with its key.

    A strategy can report statistics of its own, so an unknown name is an error only in a backtest.
    One that resembles a statistic of the engine is worth a warning.
    """
    reported = cast("EngineSpec", engine.registered.spec).statistics
    if not reported:
        return ()
    known = Statistics(dict.fromkeys(reported, 0.0))
    used = dict.fromkeys([*_in_constraints(constraints), *_in_options(fitness)])
    return tuple(
        f"{key}: {known.missing(name)} (among those that engine {engine.use!r} always reports)"
        for key, name in used
        if known.get(name) is None and nearest(name, reported)
    )


def _in_constraints(constraints: Sequence[ResultConstraint]) -> Iterator[tuple[str, str]]:
    for index, constraint in enumerate(constraints):
        yield f"constraints.results[{index}]", constraint.statistic


def _in_options(fitness: Choice) -> Iterator[tuple[str, str]]:
    """Yield the statistics in the options whose metadata say that they name some."""
    texts = (one for one in fitness.marked("statistics") if isinstance(one[2], str))
    for key, mark, value in texts:
        names = Formula.parse(value).statistics if mark == "formula" else (value,)
        for name in names:
            yield f"fitness.{key}", name
