"""From a pipeline to the searches of its run: a pure function that the search engine knows not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from leanopt_core.canonical import derive_seed
from leanopt_core.pipeline.lengths import Length
from leanopt_core.pipeline.splits import Fold, Span
from leanopt_core.work import Scenario

if TYPE_CHECKING:
    from leanopt_core.pipeline.settings import Pipeline
    from leanopt_core.pipeline.tables import PruneTable

#: The name of a run's only search, which all seeds come from.
_ONLY: Final = "main"
#: The name of a scenario that has none.
_UNNAMED: Final = "default"


@frozen
class PlannedSearch:
    """One search of the run: its number from 1, its seed, and the scenarios of its trials.

    `rungs` are the scenarios that judge a trial at each step, those of the last for good: before
    it they can be `cuts`, which have the last days only. No trial is judged by `tests`.
    """

    number: int
    name: str
    seed: int
    scenarios: tuple[str, ...]
    rungs: tuple[tuple[str, ...], ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def cuts(self) -> tuple[str, ...]:
        """Return the scenarios of rungs that are not among `scenarios`, in their order."""
        named = (name for rung in self.rungs for name in rung)
        return tuple(name for name in dict.fromkeys(named) if name not in self.scenarios)

    @property
    def every_scenario(self) -> tuple[str, ...]:
        """Return the scenarios, the tests and the cuts, in the order of their indexes."""
        return (*self.scenarios, *self.tests, *self.cuts)

    @property
    def most_backtests(self) -> int:
        """Return how many backtests a trial has at most, without tests."""
        return len(self.scenarios) + len(self.cuts)

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
    """Scenarios that judge the same trials under one fold, or all their days if that is None.

    `labels` say what names each scenario beside its days.
    """

    name: str
    fold: Fold | None
    scenarios: tuple[Scenario, ...]
    labels: tuple[str, ...]
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
        steps = _rungs(pipeline.prune, group)
        scenarios |= {one.name: one for step in steps for one in step}
        rungs = tuple(tuple(one.name for one in step) for step in steps)
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
        labels = [_label(one, only=len(every) == 1) for one in group]
        if pipeline.split is None:
            name = group[0].name if pipeline.separate else _ONLY
            yield _Group(name, None, group, tuple(labels))
            continue
        for fold in pipeline.split.folds(days_of(group[0])):
            trained = _moved(group, labels, fold.train)
            name = _named(labels[0], str(fold)) if pipeline.separate else str(fold)
            yield _Group(
                name,
                fold,
                trained,
                tuple(label for label in labels for _ in fold.train),
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


def _rungs(prune: PruneTable, group: _Group) -> tuple[tuple[Scenario, ...], ...]:
    """Return the steps of a trial: none if nothing is pruned, the last has all scenarios.

    With "bound" each has one scenario more. Steps of lengths have all scenarios on their last days;
    a length that shortens none of them is no step.
    """
    if prune.use == "none":
        return ()
    every = group.scenarios
    if prune.lengths:
        steps = (cut(every, group.labels, length) for length in prune.lengths)
        return (*(step for step in steps if step != every), every)
    counts = range(1, len(every)) if prune.use == "bound" else prune.counts
    return (*(every[:count] for count in counts if count < len(every)), every)


def cut(
    scenarios: tuple[Scenario, ...], labels: Sequence[str], length: Length
) -> tuple[Scenario, ...]:
    """Return the scenarios on their last days of this length; shorter ones stay as they are."""
    found = []
    for one, label in zip(scenarios, labels, strict=True):
        days = days_of(one)
        last = days.last(length)
        named = evolve(one, name=_named(label, str(last)), start=last.start)
        found.append(one if last == days else named)
    return tuple(found)
