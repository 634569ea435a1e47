"""Read `[search]`, and check it against fitness functions and scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice, needs_of
from leanopt_core.pipeline.tables import SearchSettings
from leanopt_core.pipeline.toml import toml_text


def read_search(
    raw: object, reader: Reader, functions: Sequence[Choice], scenarios: int | None, steps: int
) -> SearchSettings | None:
    """Return the table, None if it has errors; report what does not go with the others.

    A trial has `scenarios` at each of `steps`; they are None where nothing is searched.
    """
    search = reader.table(raw, ("search",), SearchSettings)
    if search is None:
        return None
    for fitness in functions:
        _check_curves(fitness, search, reader.problems)
    if scenarios is not None:
        _check_backtests(search, scenarios, steps, reader.problems)
    return search


def _check_curves(fitness: Choice, search: SearchSettings, problems: Problems) -> None:
    """Report a fitness function that needs daily returns which are not to be stored."""
    if "returns" in needs_of(fitness) and search.curves == "none":
        registered = fitness.registered
        problems.add(
            ("search", "curves"),
            toml_text(search.curves),
            'expected "daily"',
            f"fitness function {fitness.use!r} of {registered.distribution} "
            f"{registered.version} needs daily returns",
        )


def _check_backtests(
    search: SearchSettings, scenarios: int, steps: int, problems: Problems
) -> None:
    """Report a budget of backtests that is too small for one trial."""
    if search.backtests is not None and search.backtests < scenarios * steps:
        each = f", at each of {steps} steps" if steps > 1 else ""
        problems.add(
            ("search", "backtests"),
            toml_text(search.backtests),
            f"expected {scenarios * steps} or more",
            f"a trial has a backtest for each of the {scenarios} scenarios{each}",
        )
