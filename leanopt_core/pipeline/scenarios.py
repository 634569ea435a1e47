"""Read `[scenario]` and `[[scenario]]`: the settings that every trial is backtested under."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from attrs import evolve, frozen

from leanopt_core.pipeline.overrides import chosen_symbols
from leanopt_core.pipeline.problems import Problems, ValidationError
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.settings import Choice
from leanopt_core.pipeline.structure import option_fields, structure_table
from leanopt_core.pipeline.tables import ScenarioTable
from leanopt_core.pipeline.toml import KeyPath, toml_text
from leanopt_core.pipeline.universe import OF_ALL, read_universe
from leanopt_core.suggest import did_you_mean
from leanopt_core.work import Scenario

_CLOSE = 0.8
_KEYS = tuple(option_fields(ScenarioTable))
# What says something about scenarios, but is no setting of one.
_NOT_PASSED = {"name", "weight", *OF_ALL}


@frozen
class Scenarios:
    """The scenarios of a pipeline; with `separate`, each has a search of its own."""

    scenarios: tuple[Scenario, ...]
    separate: bool = False

    @property
    def most(self) -> int:
        """Return how many of them judge a trial."""
        return 1 if self.separate else len(self.scenarios)

    def warmed(self, days: int | None) -> Scenarios:
        """Return the scenarios with this warm-up, without one if it is 0, as they are for None."""
        if days is None:
            return self
        warmup = days or None
        return evolve(self, scenarios=tuple(evolve(one, warmup=warmup) for one in self.scenarios))


def read_scenarios(
    raw: object, reader: Reader, parameters: object, symbol: str | None = None
) -> Scenarios:
    """Return the scenarios of a document's `scenario`: one for each symbol of a universe.

    The default name of a single scenario is `default`; of several, the symbol or else the number.
    `parameters` is the table of parameters; `pass_as` must not use their names. `symbol` is the
    option of this name: of a universe, only its symbols are returned.
    """
    at: KeyPath = ("scenario",)
    names = list(parameters) if isinstance(parameters, Mapping) else []
    if not isinstance(raw, Mapping):
        return Scenarios(tuple(_several(raw, at, reader, names)))
    universal = "universe" in raw
    table = _table(raw, at, reader) if universal else _read(raw, at, reader, names)
    if table is None:
        return Scenarios(())
    if table.universe is None:
        return Scenarios((_scenario(table, "default", raw),))
    found = tuple(_each(table.universe, raw, reader, names))
    return Scenarios(_chosen(found, symbol, reader.problems), table.separate)


def _each(
    universe: Path | Sequence[object],
    raw: Mapping[str, object],
    reader: Reader,
    parameters: Collection[str],
) -> Iterator[Scenario]:
    """Yield the scenario of each symbol: the table `raw`, with what is its own."""
    common = {key: value for key, value in raw.items() if key not in OF_ALL}
    seen = dict[str, str]()
    for entry in read_universe(universe, ("scenario", "universe"), reader.problems):
        own = {**common, **entry.table}
        table = _read(own, entry.at, evolve(reader, problems=entry.problems), parameters)
        if table is not None:
            scenario = _scenario(table, table.symbol or "", own)
            if scenario.name in seen:
                expected = f"expected a unique name; {seen[scenario.name]} has it too"
                entry.problems.add((*entry.at, "name"), toml_text(scenario.name), expected)
            seen[scenario.name] = entry.where
            yield scenario
        if entry.problems is not reader.problems:
            for mistake in entry.problems.mistakes:
                reader.problems.note(mistake)


def _chosen(
    found: tuple[Scenario, ...], symbol: str | None, problems: Problems
) -> tuple[Scenario, ...]:
    """Return the scenarios of the symbols that `--symbol` names, without it all."""
    if symbol is None:
        return found
    known, wanted = [one.symbol or "" for one in found], chosen_symbols(symbol)
    for absent in (one for one in wanted if one not in known):
        hint, source = did_you_mean(absent, known), f"--symbol {symbol}"
        expected = "expected a symbol of the universe"
        problems.add(("scenario", "universe"), toml_text(absent), expected, hint, source)
    return tuple(one for one in found if one.symbol in wanted)


def check_warmup(scenarios: Sequence[Scenario], engine: Choice, problems: Problems) -> None:
    """Report an engine that shows strategies no days before `start`, if scenarios have some."""
    registered = engine.registered
    if not engine.takes("warmup") and any(one.warmup is not None for one in scenarios):
        problems.add(
            ("strategy", "engine"),
            toml_text(engine.use),
            "expected an engine that takes scenario.warmup",
            f"{registered.distribution} {registered.version} shows strategies no days before start",
        )


def weight_notes(functions: Sequence[Choice], scenarios: Sequence[Scenario]) -> Iterator[str]:
    """Yield a warning if scenarios have weights, but no fitness function uses them."""
    hows = [getattr(one.options, "aggregate", "weighted") for one in functions]
    weighted = next((one for one in scenarios if one.weight is not None), None)
    if weighted is not None and "weighted" not in hows:
        yield (
            f"scenario {weighted.name!r} has a weight, which fitness.aggregate = "
            f'{toml_text(hows[0])} does not use; "weighted" does'
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
        if isinstance(item, Mapping) and "universe" in item:
            expected = "expected in [scenario] only, which then has every symbol"
            reader.problems.add((*path, "universe"), toml_text(item["universe"]), expected)
            continue
        symbol = item.get("symbol") if isinstance(item, Mapping) else None
        name = symbol.replace("/", "-") if isinstance(symbol, str) else f"scenario-{number}"
        own = {"name": name, **item} if isinstance(item, Mapping) else item
        table = _read(own, path, reader, parameters)
        if table is None or not isinstance(item, Mapping):
            continue
        if reader.unique(table.name or name, (*path, "name"), seen):
            yield _scenario(table, name, item)


def _read(
    raw: object, at: KeyPath, reader: Reader, parameters: Collection[str]
) -> ScenarioTable | None:
    """Return leanopt's own keys of a scenario; report what is wrong with any of its keys."""
    table = _table(raw, at, reader)
    if table is not None and isinstance(raw, Mapping):
        _check_passed(table, set(raw) - _NOT_PASSED, at, reader, parameters)
    return table


def _table(raw: object, at: KeyPath, reader: Reader) -> ScenarioTable | None:
    """Do as `_read` does, but for the keys to pass, some of which a symbol may have itself."""
    if not isinstance(raw, Mapping):
        reader.problems.add(at, toml_text(raw), "expected a table")
        return None
    extras = _extras(raw)
    own = {key: value for key, value in raw.items() if key in _KEYS}
    _check_misspelt(raw, extras, at, reader)
    if "data" in extras:
        expected = "reserved: the strategy receives strategy.data under this name"
        reader.problems.add((*at, "data"), toml_text(extras["data"]), expected)
    return reader.table(own, at, ScenarioTable)


def _extras(raw: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in raw.items() if key not in _KEYS}


def _scenario(table: ScenarioTable, name: str, raw: Mapping[str, object]) -> Scenario:
    """Return the scenario of a table, by default with this name."""
    return Scenario(
        name=table.name or name,
        symbol=table.symbol,
        start=table.start,
        end=table.end,
        cash=table.cash,
        extras=_extras(raw),
        pass_as=table.pass_as,
        weight=table.weight,
        warmup=table.warmup or None,
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
