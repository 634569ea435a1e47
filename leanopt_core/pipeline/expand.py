"""From a pipeline to the searches of its run: a pure function that the search engine knows not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from leanopt_core.canonical import derive_seed

if TYPE_CHECKING:
    from leanopt_core.pipeline.settings import Pipeline

#: The name of a run's only search, which all seeds come from.
_ONLY: Final = "main"


@frozen
class PlannedSearch:
    """One search of the run: its number from 1, its seed, and the scenarios of its trials.

    `rungs` are the scenarios that judge a trial at each step, those of the last for good. No trial
    is judged by `tests`.
    """

    number: int
    name: str
    seed: int
    scenarios: tuple[str, ...]
    rungs: tuple[tuple[str, ...], ...] = ()
    tests: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the search as plain JSON values, without rungs and tests if it has none."""
        found = {"number": self.number, "name": self.name, "seed": self.seed}
        rungs = {"rungs": [list(rung) for rung in self.rungs]} if self.rungs else {}
        tests = {"tests": list(self.tests)} if self.tests else {}
        return {**found, "scenarios": list(self.scenarios), **rungs, **tests}

    def stage_seed(self, stage: str) -> int:
        """Return the seed of the stage of this name (`StageStart.seed`)."""
        return derive_seed(self.seed, "stage", stage)


def expand(pipeline: Pipeline) -> tuple[PlannedSearch, ...]:
    """Return the searches of a pipeline, in the order in which they run: one for each group.

    A group is the scenarios that judge the same trials. All searches have the seed that the only
    one would have: they start from the same points, and no search changes by others beside it.
    """
    seed = derive_seed(pipeline.seed, "search", _ONLY)
    return tuple(
        PlannedSearch(number, name, seed, scenarios, _rungs(pipeline, scenarios))
        for number, (name, scenarios) in enumerate(_groups(pipeline), 1)
    )


def _groups(pipeline: Pipeline) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of each group and its scenarios."""
    names = tuple(scenario.name for scenario in pipeline.scenarios)
    if pipeline.separate:
        yield from ((name, (name,)) for name in names)
    else:
        yield _ONLY, names


def _rungs(pipeline: Pipeline, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the steps of a trial, one scenario more in each; none if it has one step only."""
    if pipeline.prune.use == "none":
        return ()
    return tuple(names[:count] for count in range(1, len(names) + 1))
