"""Read `[choose]`: which trial of a search is tested, exported and shown as chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leanopt_core.fitness_options import AggregateOptions
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.tables import ChooseTable, PruneTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.space import Space

_USE: Final[KeyPath] = ("choose", "use")


def read_choose(
    raw: object,
    reader: Reader,
    *,
    space: Space | None,
    prune: PruneTable | None,
    fitness: Choice | None,
    several: bool,
) -> ChooseTable | None:
    """Return the table, None if it has errors; report what does not go with the others.

    `space` is None where nothing is searched; `several` means several objectives.
    """
    table = reader.table(raw, ("choose",), ChooseTable)
    if table is None:
        return None
    said = toml_text(table.use)
    if table.use != "plateau":
        reader.refuse_set(table, ("choose",), ("radius", "statistic"), "plateau")
        if table.use == "front" and not several:
            expected = 'expected "best" or "plateau" with one fitness function'
            reader.problems.add(_USE, said, expected, "several [[fitness]] have a Pareto front")
        return table
    if prune and fitness and (where := _loses_values(prune, fitness)):
        reader.problems.add(
            _USE,
            said,
            f'expected "best" with {where}',
            "pruned trials have no fitness over all scenarios, so plateaus are not known",
        )
    if space and _most_neighbours(space, table.radius) < 2:  # noqa: PLR2004 - as many as a plateau has
        reader.problems.add(
            _USE,
            said,
            'expected "best": no point has two neighbours',
            "neighbours differ in one parameter with an order, which choices do not have",
        )
    return table


def choose_notes(table: ChooseTable | None, *, tests: bool) -> Iterator[str]:
    """Yield a warning if several trials are to be tested and the pipeline has no tests."""
    if table and table.tested > 1 and not tests:
        yield (
            f"[choose] tested = {table.tested} has no effect: only searches with tests, such as "
            "those of [walk_forward] and [cpcv], test trials"
        )


def _loses_values(prune: PruneTable, fitness: Choice) -> str:
    """Return why feasible trials have no fitness over all scenarios; empty if they all have."""
    options = fitness.options
    worst = isinstance(options, AggregateOptions) and options.aggregate == "worst"
    if prune.use == "bound" and worst:
        return '[prune] and aggregate = "worst"'
    return '[prune] use = "halving"' if prune.use == "halving" else ""


def _most_neighbours(space: Space, radius: int) -> int:
    """Return how many neighbours a point has at most, if no constraint forbids any."""
    return sum(min(2 * radius, len(axis) - 1) for axis in space.axes if axis.ordered)
