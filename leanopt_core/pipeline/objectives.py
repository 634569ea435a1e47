"""Read `[fitness]`, or several `[[fitness]]` and the formula that ranks trials by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leanopt_core.pipeline.problems import Problems
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice, Objective
from leanopt_core.pipeline.tables import FitnessTable, ObjectiveTable, check_objective
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.plugins import Kind
from leanopt_core.space import Formula, FormulaError
from leanopt_core.suggest import did_you_mean


def read_fitness(raw: object, reader: Reader) -> tuple[Choice | None, tuple[Objective, ...]]:
    """Return the fitness function, and all objectives if there are several.

    Errors are reported; the function is None if it has some.
    """
    at: KeyPath = ("fitness",)
    if not isinstance(raw, list):
        return reader.with_plugin(raw, at, FitnessTable, Kind.FITNESS)[1], ()
    if len(raw) == 1:
        reader.problems.add(
            at, "1 table [[fitness]]", "expected two or more", "write [fitness] for a single one"
        )
    objectives = tuple(_objectives(raw, reader))
    return (objectives[0].choice if objectives else None), objectives


def _objectives(raw: Sequence[object], reader: Reader) -> Iterator[Objective]:
    seen: dict[str, KeyPath] = {}
    for item, at in reader.tables(raw, ("fitness",)):
        table, choice = reader.with_plugin(item, at, ObjectiveTable, Kind.FITNESS)
        if table is None or choice is None:
            continue
        name = table.name or table.use
        key = "use" if table.name is None else "name"
        if table.name is None and (wrong := _unusable(name)):
            reader.problems.add((*at, key), toml_text(name), wrong, "give it a name")
        if reader.unique(name, (*at, key), seen):
            yield Objective(name, choice)


def _unusable(name: str) -> str:
    """Return what is wrong with a function's name as that of an objective, empty if nothing is."""
    try:
        check_objective(name)
    except ValueError as error:
        return str(error)
    return ""


def read_scalar(
    text: str | None, objectives: Sequence[Objective], reader: Reader
) -> Formula | None:
    """Return the formula that ranks trials, None without one; report its errors."""
    if text is None:
        return None
    problems = reader.problems
    if not objectives:
        expected = "expected several [[fitness]] tables beside it"
        problems.add(("scalar",), toml_text(text), expected)
        return None
    try:
        formula = Formula.parse(text)
    except FormulaError as error:
        # A formula is over statistics elsewhere.
        why = f"column {error.column}: {error.message.replace('statistic', 'objective')}"
        hint = "write the names of objectives in square brackets, as [calmar]"
        problems.add(("scalar",), toml_text(text), why, hint)
        return None
    names = [one.name for one in objectives]
    for name in formula.statistics:
        if name not in names:
            hint = did_you_mean(name, names)
            problems.add(("scalar",), toml_text(name), "expected the name of an objective", hint)
    return formula


def refuse_soft(problems: Problems) -> None:
    """Report soft constraints beside several objectives."""
    problems.add(
        ("constraints", "soft"),
        "soft constraints",
        "expected none with several [[fitness]]",
        "a penalty has the unit of one objective: make the statistic an objective",
    )
