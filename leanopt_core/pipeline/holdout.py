"""Read `[holdout]`: the days or symbols that the search must not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from leanopt_core.holdout import Holdout
from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.tables import HoldoutTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.work import Scenario

_AT: Final[KeyPath] = ("holdout",)
_DECISIVE: Final = frozenset({"start", "end", "symbol", "symbols", "universe"})


def read_holdout(raw: object, reader: Reader, scenarios: Sequence[Scenario]) -> Holdout | None:
    """Return the holdout of a document's `holdout`, None for none.

    A scenario that has some of its days or symbols is an error, unless the command line says so.
    """
    table = None if raw is None else reader.table(raw, _AT, HoldoutTable)
    if table is None:
        return None
    found = Holdout(table.start, table.end, table.symbols)
    problems = reader.problems
    days = (table.start, table.end) != (None, None)
    if days == bool(table.symbols):
        problems.add(_AT, toml_text(raw), "expected start and end, or symbols")
    elif table.symbols and all(one.symbol is None for one in scenarios):
        expected = "expected start and end: no scenario has a symbol"
        problems.add((*_AT, "symbols"), toml_text(list(table.symbols)), expected)
    elif not _overridden(problems):
        for scenario in _seen(found, scenarios):
            what, verb = ("symbols", "trade") if table.symbols else ("days", "read")
            expected = f"expected {what} that scenario {scenario.name!r} does not {verb}"
            problems.add(_AT, str(found), expected, "" if table.symbols else _why(scenario))
    return found


def holdout_notes(holdout: Holdout | None, scenarios: Sequence[Scenario]) -> Iterator[str]:
    """Yield a warning if the command line lets a scenario see the holdout."""
    if holdout is not None and any(_seen(holdout, scenarios)):
        yield f"the scenario overlaps [holdout] ({holdout}): each point is a look at it"


def _seen(holdout: Holdout, scenarios: Sequence[Scenario]) -> Iterator[Scenario]:
    """Yield the scenarios whose strategies see days or symbols held out, in warm-up too."""
    return (one for one in scenarios if holdout.overlaps(one.settings()))


def _why(scenario: Scenario) -> str:
    """Return which limits of its days a scenario lacks, or how long before them it reads."""
    missing = [key for key in ("start", "end") if getattr(scenario, key) is None]
    if missing:
        return f"it has no {' and no '.join(missing)}"
    return f"it reads {scenario.warmup} days before its start" if scenario.warmup else ""


def _overridden(problems: Problems) -> bool:
    """Return whether the command line decides on days or symbols."""
    return any(
        path[0] in ("scenario", "holdout") and (len(path) == 1 or path[-1] in _DECISIVE)
        for path in problems.labels
        if path
    )
