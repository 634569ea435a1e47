"""Read `[scenario]` and `[[scenario]]`: the settings that every trial is backtested under."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from leanopt_core.pipeline.problems import ValidationError
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.structure import option_fields, structure_table
from leanopt_core.pipeline.tables import ScenarioTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.suggest import did_you_mean
from leanopt_core.work import Scenario

_CLOSE = 0.8
_KEYS = tuple(option_fields(ScenarioTable))


def read_scenarios(raw: object, reader: Reader, parameters: object) -> tuple[Scenario, ...]:
    """Return the scenarios of a document's `scenario`.

    The default name of a single scenario is `default`; of several, the symbol or else the number.
    `parameters` is the table of parameters; `pass_as` must not use their names.
    """
    at: KeyPath = ("scenario",)
    names = list(parameters) if isinstance(parameters, Mapping) else []
    if isinstance(raw, Mapping):
        scenario = _read(raw, at, "default", reader, names)
        return (scenario,) if scenario else ()
    return tuple(_several(raw, at, reader, names))


def weight_notes(fitness: Choice, scenarios: Sequence[Scenario]) -> Iterator[str]:
    """Yield a warning if scenarios have weights, but the fitness function does not use them."""
    how = getattr(fitness.options, "aggregate", "weighted")
    weighted = next((one for one in scenarios if one.weight is not None), None)
    if weighted is not None and how != "weighted":
        yield (
            f"scenario {weighted.name!r} has a weight, which fitness.aggregate = {toml_text(how)} "
            'does not use; "weighted" does'
        )


def _several(
    raw: object,
    at: KeyPath,
    reader: Reader,
    parameters: Collection[str],
) -> Iterator[Scenario]:
    seen: dict[str, KeyPath] = {}
    items = reader.tables(raw, at)
    if not items:
        reader.problems.add(at, toml_text(raw), "expected at least one scenario")
    for number, (item, path) in enumerate(items, 1):
        symbol = item.get("symbol") if isinstance(item, Mapping) else None
        name = symbol.replace("/", "-") if isinstance(symbol, str) else f"scenario-{number}"
        scenario = _read(item, path, name, reader, parameters)
        if scenario is None:
            continue
        if reader.unique(scenario.name, (*path, "name"), seen):
            yield scenario


def _read(
    raw: object, at: KeyPath, name: str, reader: Reader, parameters: Collection[str]
) -> Scenario | None:
    if not isinstance(raw, Mapping):
        reader.problems.add(at, toml_text(raw), "expected a table")
        return None
    extras = {key: value for key, value in raw.items() if key not in _KEYS}
    own = {key: value for key, value in raw.items() if key in _KEYS}
    _check_misspelt(raw, extras, at, reader)
    if "data" in extras:
        expected = "reserved: the strategy receives strategy.data under this name"
        reader.problems.add((*at, "data"), toml_text(extras["data"]), expected)
    table = reader.table({"name": name, **own}, at, ScenarioTable)
    if table is None:
        return None
    _check_passed(table, {*own, *extras} - {"name", "pass_as", "weight"}, at, reader, parameters)
    return Scenario(
        name=table.name or name,
        symbol=table.symbol,
        start=table.start,
        end=table.end,
        cash=table.cash,
        extras=extras,
        pass_as=table.pass_as,
        weight=table.weight,
    )


def _check_misspelt(
    raw: Mapping[str, object], extras: Mapping[str, object], at: KeyPath, reader: Reader
) -> None:
    """Report an extra that is probably a misspelt key: close to an unused one, of its type."""
    absent = [key for key in _KEYS if key not in raw]
    for key, value in extras.items():
        for meant in get_close_matches(key, absent, n=1, cutoff=_CLOSE):
            if _fits(meant, value, reader):
                reader.problems.add((*at, key), "", "unknown key", f"did you mean '{meant}'?")


def _fits(key: str, value: object, reader: Reader) -> bool:
    try:
        structure_table({key: value}, ScenarioTable, reader.converter)
    except ValidationError:
        return False
    return True


def _check_passed(
    table: ScenarioTable,
    given: Collection[str],
    at: KeyPath,
    reader: Reader,
    parameters: Collection[str],
) -> None:
    """Check that `pass_as` maps existing scenario keys to unused parameter names."""
    taken = dict.fromkeys(parameters, "already in [parameters]")
    for key, name in table.pass_as.items():
        path = (*at, "pass_as", key)
        if key not in given:
            expected = "unknown key in this scenario"
            reader.problems.add(path, "", expected, did_you_mean(key, given))
        elif not name:
            reader.problems.add(path, toml_text(name), "expected a parameter's name")
        elif name in taken:
            reader.problems.add(path, toml_text(name), "expected an unused name", taken[name])
        taken.setdefault(name, f"already used for '{key}'")
