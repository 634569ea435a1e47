"""From a pipeline to the searches of its run: a pure function that the search engine knows not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from leanopt_core.canonical import derive_seed
from leanopt_core.pipeline.splits import Fold, Span
from leanopt_core.work import Scenario

if TYPE_CHECKING:
    from leanopt_core.pipeline.settings import Pipeline

#: The name of a run's only search, which all seeds come from.
_ONLY: Final = "main"
#: The name of a scenario that has none.
_UNNAMED: Final = "default"


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


@frozen
class PlannedPath:
    """Tests of several searches that join into one curve: each search's number, and its test."""

    name: str
    pieces: tuple[tuple[int, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the path as plain JSON values."""
        return {"name": self.name, "pieces": [list(piece) for piece in self.pieces]}


@frozen
class Expansion:
    """The searches of a run, in the order in which they run, and the scenarios of all of them."""

    scenarios: tuple[Scenario, ...]
    searches: tuple[PlannedSearch, ...]
    paths: tuple[PlannedPath, ...] = ()


@frozen
class _Group:
    """Scenarios that judge the same trials under one fold, or all their days if that is None."""

    name: str
    fold: Fold | None
    scenarios: tuple[Scenario, ...]
    tests: tuple[Scenario, ...] = ()
    #: The path of each test.
    paths: tuple[str, ...] = ()


def expand(pipeline: Pipeline) -> Expansion:
    """Return the searches of a pipeline: one for each group of scenarios and each fold.

    A group is the scenarios that judge the same trials; a fold moves their days. All searches have
    the seed that the only one would have: they start from the same points, and no search changes
    by others beside it.
    """
    seed = derive_seed(pipeline.seed, "search", _ONLY)
    groups = list(_groups(pipeline))
    scenarios = {one.name: one for group in groups for one in (*group.scenarios, *group.tests)}
    searches = []
    paths: dict[str, list[tuple[int, str]]] = {}
    for number, group in enumerate(groups, 1):
        names = tuple(one.name for one in group.scenarios)
        tests = tuple(dict.fromkeys(one.name for one in group.tests))
        rungs = _rungs(pipeline, names)
        searches.append(PlannedSearch(number, group.name, seed, names, rungs, tests))
        for path, test in zip(group.paths, group.tests, strict=True):
            paths.setdefault(path, []).append((number, test.name))
    joined = (PlannedPath(name, tuple(pieces)) for name, pieces in paths.items())
    return Expansion(tuple(scenarios.values()), tuple(searches), tuple(joined))


def _groups(pipeline: Pipeline) -> Iterator[_Group]:
    """Yield the groups of a pipeline: without a split, those of its scenarios."""
    every = pipeline.scenarios
    groups = [(one,) for one in every] if pipeline.separate else [every]
    for group in groups:
        if pipeline.split is None:
            yield _Group(group[0].name if pipeline.separate else _ONLY, None, group)
            continue
        labels = [_label(one, only=len(every) == 1) for one in group]
        for fold in pipeline.split.folds(days_of(group[0])):
            trained = _moved(group, labels, fold.train)
            name = _named(labels[0], str(fold)) if pipeline.separate else str(fold)
            yield _Group(
                name,
                fold,
                trained,
                _moved(group, labels, fold.tests),
                tuple(_named(label, path) for label in labels for path in fold.paths),
            )


def days_of(scenario: Scenario) -> Span:
    """Return the days of a scenario; raises ValueError if it lacks the first or the last one."""
    if scenario.start is None or scenario.end is None:
        raise ValueError(f"scenario {scenario.name!r} has no start or no end")
    return Span(scenario.start, scenario.end)


def _moved(
    group: tuple[Scenario, ...], labels: list[str], spans: tuple[Span, ...]
) -> tuple[Scenario, ...]:
    """Return each scenario of a group on each of these days."""
    return tuple(
        evolve(one, name=_named(label, str(span)), start=span.start, end=span.end)
        for one, label in zip(group, labels, strict=True)
        for span in spans
    )


def _label(scenario: Scenario, *, only: bool) -> str:
    """Return what names a scenario beside its days."""
    if only and scenario.name == _UNNAMED:
        return scenario.symbol or ""
    return scenario.name


def _named(label: str, rest: str) -> str:
    return f"{label} {rest}".lstrip()


def _rungs(pipeline: Pipeline, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the steps of a trial, nested: none if nothing is pruned, the last has all scenarios.

    With "bound" each has one scenario more.
    """
    match pipeline.prune.use:
        case "none":
            return ()
        case "bound":
            counts: tuple[int, ...] = tuple(range(1, len(names)))
        case "halving":
            counts = tuple(count for count in pipeline.prune.rungs if count < len(names))
    return tuple(names[:count] for count in (*counts, len(names)))
