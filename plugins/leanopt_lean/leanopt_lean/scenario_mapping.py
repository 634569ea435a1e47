"""How a scenario's symbol, dates and cash reach a LEAN strategy: as parameters, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from leanopt_core.work import Scenario
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.source import Language, Setting, Source

#: The parameters as which fields travel where the user says nothing and the source reads them.
DEFAULT_PASS_AS: Final[Mapping[str, str]] = MappingProxyType(
    {"symbol": "ticker", "start": "startDate", "end": "endDate", "cash": "InitialCash"}
)
#: LEAN's own, where an algorithm sets none.
_OWN: Final[Mapping[str, object]] = MappingProxyType({"cash": Decimal(100_000)})
_WAYS: Final = {
    (Language.PYTHON, "symbol"): 'self.add_equity(self.get_parameter("{name}", "{value}"))',
    (Language.PYTHON, "start"): "self.set_start_date("
    'datetime.fromisoformat(self.get_parameter("{name}", "{value}")))',
    (Language.PYTHON, "end"): "self.set_end_date("
    'datetime.fromisoformat(self.get_parameter("{name}", "{value}")))',
    (Language.PYTHON, "cash"): 'self.set_cash(float(self.get_parameter("{name}", "{value}")))',
    (Language.CSHARP, "symbol"): 'AddEquity(GetParameter("{name}", "{value}"))',
    (Language.CSHARP, "start"): 'SetStartDate(DateTime.Parse(GetParameter("{name}", "{value}")))',
    (Language.CSHARP, "end"): 'SetEndDate(DateTime.Parse(GetParameter("{name}", "{value}")))',
    (Language.CSHARP, "cash"): 'SetCash(GetParameter("{name}", {value}m))',
}


def passed(source: Source, scenario: Scenario, given: Collection[str] = ()) -> dict[str, str]:
    """Return as which parameters a scenario's fields travel, by field.

    A default is used only where the source reads it and `[parameters]` does not give it.
    """
    fields = {**scenario.extras, **{key: getattr(scenario, key) for key in DEFAULT_PASS_AS}}
    defaults = {
        key: name
        for key, name in DEFAULT_PASS_AS.items()
        if name in source.reads and name not in given
    }
    names = {**defaults, **scenario.pass_as}
    return {key: name for key, name in names.items() if fields.get(key) is not None}


def passed_parameters(
    source: Source, scenario: Scenario, given: Collection[str] = ()
) -> dict[str, str]:
    """Return the parameters as which a scenario's fields travel, worded as LEAN's are: texts."""
    fields = {**scenario.extras, **{key: getattr(scenario, key) for key in DEFAULT_PASS_AS}}
    return {name: worded(fields[key]) for key, name in passed(source, scenario, given).items()}


def worded(value: Any) -> str:
    """Return a scenario's value as a parameter: a date as yyyy-MM-dd, numbers with all digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def check_scenario_mapping(
    source: Source, scenario: Scenario, key: str, given: Collection[str] = ()
) -> Findings:
    """Return what is wrong where a field that the user named does not travel."""
    value = getattr(scenario, key)
    if key in passed(source, scenario, given):
        return Findings()
    if (name := DEFAULT_PASS_AS[key]) in source.reads:
        told = f"but [parameters] gives '{name}' itself: leave one of the two out"
        return problem(f"scenario.{key}: found {worded(value)}, {told}")
    settings = _symbols(source) if key == "symbol" else _set(source, key)
    if _has(settings, key, value) and not any(one.conditional for one in settings):
        return Findings()
    return _unlike(source, settings, key, value, given)


def agrees(source: Source, scenario: Scenario, key: str, given: Collection[str] = ()) -> bool:
    """Say whether the source sets a date or the cash itself as the scenario has it."""
    settings, name = _set(source, key), passed(source, scenario, given).get(key)
    handed = any(name in one.parameters for one in settings)
    return handed or _has(settings, key, getattr(scenario, key))


def remedy(source: Source, scenario: Scenario, key: str, given: Collection[str] = ()) -> str:
    """Return how the source can set a date or the cash as the scenario has it."""
    settings = _set(source, key)
    names = settings[-1].parameters if settings else frozenset()
    if names & set(given):
        return f"leave '{min(names & set(given))}' out of [parameters]"
    if names:
        return f'pass_as = {{ {key} = "{min(names)}" }} in the scenario sets it before'
    own = settings[-1].value if settings else None
    value = getattr(scenario, key) if own is None else own
    return f"to set it before, write in {source.files[0]}: {_way(source, key, value)}"


def _has(settings: list[Setting], key: str, value: object) -> bool:
    """Say whether the source has a value written out, or LEAN has it where nothing sets it."""
    known = [one.value for one in settings if not one.parameters] if settings else [_OWN.get(key)]
    return any(_same(one, value) for one in known)


def _unlike(
    source: Source, settings: list[Setting], key: str, value: object, given: Collection[str]
) -> Findings:
    """Say what stands against a value, and what would let it through."""
    at = f"scenario.{key}: found {worded(value)}"
    if not settings:
        return problem(f"{at}, but {_nowhere(source, key, value)}")
    if handed := [one for one in settings if one.parameters]:
        return problem(f"{at}, but {_handed(handed[-1], key, given)}")
    if unknown := [one for one in settings if one.value is None]:
        return note(f"{at}, but {unknown[-1].doubt}: it may be another")
    return problem(f"{at}, but {_written(source, settings, key)}")


def _set(source: Source, key: str) -> list[Setting]:
    return [one for one in source.settings if one.key == key]


def _symbols(source: Source) -> list[Setting]:
    return [
        Setting("symbol", one.ticker, one.parameters, one.location) for one in source.subscriptions
    ]


def _same(set_: object, value: object) -> bool:
    if isinstance(set_, str) and isinstance(value, str):
        return set_.casefold() == value.casefold()
    return set_ == value


def _nowhere(source: Source, key: str, value: object) -> str:
    what = "adds no security by its ticker" if key == "symbol" else f"sets no {key}"
    way = _way(source, key, value)
    return f"{source.algorithm} {what}: leave it out, or write in {source.files[0]}: {way}"


def _handed(setting: Setting, key: str, given: Collection[str]) -> str:
    name = min(setting.parameters)
    told = f"{setting.location} takes it from the parameter '{name}'"
    if name in given:
        return f"{told}, which [parameters] gives: leave one of the two out"
    return f'{told}: expected pass_as = {{ {key} = "{name}" }} in the scenario'


def _written(source: Source, settings: list[Setting], key: str) -> str:
    last = settings[-1]
    others = f" (and others: {len(settings) - 1})" if key == "symbol" and settings[1:] else ""
    return (
        f"{last.location} sets {worded(last.value)}{others}: expected that in the scenario, or in "
        f"the source {_way(source, key, last.value)}"
    )


def _way(source: Source, key: str, value: object) -> str:
    way = _WAYS[source.language, key]
    return way.format(name=DEFAULT_PASS_AS[key], value=worded(value))
