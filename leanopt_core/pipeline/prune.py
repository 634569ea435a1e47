"""Read `[prune]`: which trials are not backtested under all their scenarios."""

from __future__ import annotations

from typing import Final

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
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
    elif scenarios == 1:
        problems.add(
            _USE,
            toml_text(table.use),
            'expected "none" with one scenario a trial',
            "it leaves out scenarios: give several [[scenario]] tables, or no separate searches",
        )
    elif table.use == "halving":
        _check_rungs(table.rungs, scenarios, problems)
    if table.use != "halving":
        reader.refuse_set(table, ("prune",), ("rungs", "reduction"), "halving")
    return table


def _check_rungs(rungs: tuple[int, ...], scenarios: int | None, problems: Problems) -> None:
    """Report numbers of scenarios that are missing, or not fewer than all."""
    if not rungs:
        expected = "expected numbers of scenarios, such as [1, 5]"
        problems.add(_RUNGS, "nothing", expected, "those that judge a trial before all do")
        return
    if scenarios is not None and rungs[-1] >= scenarios:
        problems.add(
            _RUNGS,
            toml_text(list(rungs)),
            f"expected numbers below {scenarios}",
            f"a trial has {scenarios} scenarios, and the last rung has all of them",
        )
