"""Read `[prune]`: which trials are not backtested under all their scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from leanopt_core.pipeline.expand import cut, days_of
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import Scenarios
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.split_days import limited
from leanopt_core.pipeline.splits import Span, Split
from leanopt_core.pipeline.tables import PruneTable
from leanopt_core.pipeline.toml import KeyPath, toml_text

_USE: Final[KeyPath] = ("prune", "use")
_RUNGS: Final[KeyPath] = ("prune", "rungs")


def read_prune(
    raw: object, reader: Reader, scenarios: int | None, *, several: bool
) -> PruneTable | None:
    """Return the table, None if it has errors; report what does not go with the scenarios.

    `scenarios` is how many a trial has at most, None where nothing is searched; `several` means
    several objectives.
    """
    table, problems = reader.table(raw, ("prune",), PruneTable), reader.problems
    if table is None or table.use == "none":
        return table
    if several:
        problems.add(
            _USE,
            toml_text(table.use),
            'expected "none" with several [[fitness]]',
            "a trial that is worse by one objective may be better by another",
        )
    elif scenarios == 1 and not table.lengths:
        halving = ', or rungs = ["1y", "2y"]' if table.use == "halving" else ""
        problems.add(
            _USE,
            toml_text(table.use),
            'expected "none" with one scenario a trial',
            "it leaves out scenarios: give several [[scenario]] tables, or no separate searches"
            + halving,
        )
    elif table.use == "halving":
        _check_counts(table, scenarios, problems)
    if table.use != "halving":
        reader.refuse_set(table, ("prune",), ("rungs", "reduction"), "halving")
    return table


def _check_counts(table: PruneTable, scenarios: int | None, problems: Problems) -> None:
    """Report rungs that are missing, or numbers of scenarios that are not fewer than all."""
    if not table.rungs:
        expected = 'expected numbers of scenarios, such as [1, 5], or lengths, such as ["1y"]'
        problems.add(_RUNGS, "nothing", expected, "what judges a trial before all scenarios do")
        return
    if scenarios is not None and table.counts and table.counts[-1] >= scenarios:
        problems.add(
            _RUNGS,
            toml_text(list(table.counts)),
            f"expected numbers below {scenarios}",
            f"a trial has {scenarios} scenarios, and the last rung has all of them",
        )


def check_lengths(
    table: PruneTable, engine: Choice | None, read: Scenarios, split: Split | None, reader: Reader
) -> None:
    """Report rungs that are lengths of days for which engine or scenarios do not do.

    The engine must take days. Each rung must have more days than the one before, and the last one
    fewer than the longest training days.
    """
    problems = reader.problems
    said = toml_text(list(table.lengths))
    if engine and not engine.takes("dates"):
        plugin = engine.registered
        problems.add(
            ("strategy", "engine"),
            toml_text(engine.use),
            f"expected an engine that takes dates, since prune.rungs = {said}",
            f"{plugin.distribution} {plugin.version} runs all days, however short a rung is",
        )
    # A split reports scenarios without days itself.
    if not split and not limited("prune.rungs are its last days", read, problems):
        return
    longest = max(_trained(read, split), key=lambda one: one.end - one.start, default=None)
    if longest is None:
        return
    steps = [longest.last(length).start for length in table.lengths]
    if any(after >= before for before, after in pairwise(steps)):
        problems.add(_RUNGS, said, "expected lengths that grow", f"training days: {longest}")
    elif steps[-1] == longest.start:
        expected = f"expected lengths that are shorter than the training days, {longest}"
        problems.add(_RUNGS, said, expected, "the last rung has all of them")
    elif split is None:
        _check_names(table, read, problems)


def _check_names(table: PruneTable, read: Scenarios, problems: Problems) -> None:
    """Report a scenario that is called as another one on its last days is."""
    names = [one.name for one in read.scenarios]
    for length in table.lengths:
        for one in cut(read.scenarios, names, length):
            if one not in read.scenarios and one.name in names:
                expected = f"expected another name: it is that of a scenario's last {length}"
                problems.add(("scenario", "name"), toml_text(one.name), expected)


def _trained(read: Scenarios, split: Split | None) -> Iterator[Span]:
    """Yield the days that judge trials, of each scenario and each fold."""
    for scenario in read.scenarios:
        if scenario.start is not None and scenario.end is not None:
            days = days_of(scenario)
            folds = (fold.train for fold in split.folds(days)) if split else ((days,),)
            yield from (span for train in folds for span in train)
