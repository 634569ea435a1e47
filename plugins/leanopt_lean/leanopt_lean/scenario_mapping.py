"""How a scenario's symbol, dates, cash and warm-up reach a LEAN strategy: as parameters, or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from leanopt_core.api import Scenario
from leanopt_lean.findings import Findings, note, problem
from leanopt_lean.source import Language, Setting, StrategySource

#: The parameters that fields are passed as by default, if the source reads them.
DEFAULT_PASS_AS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "symbol": "ticker",
        "start": "startDate",
        "end": "endDate",
        "cash": "InitialCash",
        "warmup": "warmupDays",
    }
)
#: LEAN's defaults, if an algorithm sets none.
_OWN: Final[Mapping[str, object]] = MappingProxyType({"cash": Decimal(100_000)})
#: What an algorithm lacks that no value of these fields reaches.
_LACKS: Final = MappingProxyType(
    {
        "symbol": "adds no security by its ticker",
        # It may have a warm-up of its own.
        "warmup": "takes no warm-up from a parameter",
    }
)
_WAYS: Final = {
    (Language.PYTHON, "symbol"): 'self.add_equity(self.get_parameter("{name}", "{value}"))',
    (Language.PYTHON, "start"): "self.set_start_date("
    'datetime.fromisoformat(self.get_parameter("{name}", "{value}")))',
    (Language.PYTHON, "end"): "self.set_end_date("
    'datetime.fromisoformat(self.get_parameter("{name}", "{value}")))',
    (Language.PYTHON, "cash"): 'self.set_cash(float(self.get_parameter("{name}", "{value}")))',
    (Language.PYTHON, "warmup"): "self.set_warm_up("
    'timedelta(self.get_parameter("{name}", {value})))',
    (Language.CSHARP, "symbol"): 'AddEquity(GetParameter("{name}", "{value}"))',
    (Language.CSHARP, "start"): 'SetStartDate(DateTime.Parse(GetParameter("{name}", "{value}")))',
    (Language.CSHARP, "end"): 'SetEndDate(DateTime.Parse(GetParameter("{name}", "{value}")))',
    (Language.CSHARP, "cash"): 'SetCash(GetParameter("{name}", {value}m))',
    (Language.CSHARP, "warmup"): 'SetWarmUp(TimeSpan.FromDays(GetParameter("{name}", {value})))',
}


def passed(
    source: StrategySource, scenario: Scenario, given: Collection[str] = ()
) -> dict[str, str]:
    """Return the name of the parameter that each scenario field is passed as.

    A default name is used only if the source reads it and `[parameters]` does not give it.
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
    source: StrategySource, scenario: Scenario, given: Collection[str] = ()
) -> dict[str, str]:
    """Return the parameters that carry a scenario's fields, as strings."""
    fields = {**scenario.extras, **{key: getattr(scenario, key) for key in DEFAULT_PASS_AS}}
    return {name: worded(fields[key]) for key, name in passed(source, scenario, given).items()}


def worded(value: Any) -> str:
    """Return a scenario's value as a parameter: dates as yyyy-MM-dd, numbers with all digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def check_scenario_mapping(
    source: StrategySource, scenario: Scenario, key: str, given: Collection[str] = ()
) -> Findings:
    """Return the problem with a scenario field that never reaches the strategy."""
    value = getattr(scenario, key)
    if key in passed(source, scenario, given):
        return Findings()
    if (name := DEFAULT_PASS_AS[key]) in source.reads:
        why = f"but [parameters] also gives '{name}': remove one of the two"
        return problem(f"scenario.{key}: found {worded(value)}, {why}")
    settings = _symbols(source) if key == "symbol" else _set(source, key)
    if _has(settings, key, value) and not any(one.conditional for one in settings):
        return Findings()
    return _unlike(source, settings, key, value, given)


def agrees(
    source: StrategySource, scenario: Scenario, key: str, given: Collection[str] = ()
) -> bool:
    """Return whether the source sets a date or the cash to the scenario's value."""
    settings, name = _set(source, key), passed(source, scenario, given).get(key)
    handed = any(name in one.parameters for one in settings)
    return handed or _has(settings, key, getattr(scenario, key))


def remedy(
    source: StrategySource, scenario: Scenario, key: str, given: Collection[str] = ()
) -> str:
    """Return how the source can set a date or the cash to the scenario's value."""
    settings = _set(source, key)
    names = settings[-1].parameters if settings else frozenset()
    if names & set(given):
        return f"remove '{min(names & set(given))}' from [parameters]"
    if names:
        return f'pass_as = {{ {key} = "{min(names)}" }} in the scenario sets it earlier'
    own = settings[-1].value if settings else None
    value = getattr(scenario, key) if own is None else own
    return f"to set it earlier, write in {source.files[0]}: {_way(source, key, value)}"


def _has(settings: list[Setting], key: str, value: object) -> bool:
    """Return whether the source sets the value literally, or it is LEAN's default."""
    known = [one.value for one in settings if not one.parameters] if settings else [_OWN.get(key)]
    return any(_same(one, value) for one in known)


def _unlike(
    source: StrategySource, settings: list[Setting], key: str, value: object, given: Collection[str]
) -> Findings:
    """Report why a value does not reach the strategy, and what would pass it."""
    at = f"scenario.{key}: found {worded(value)}"
    if not settings:
        return problem(f"{at}, but {_nowhere(source, key, value)}")
    if handed := [one for one in settings if one.parameters]:
        return problem(f"{at}, but {_handed(handed[-1], key, given)}")
    if unknown := [one for one in settings if one.value is None]:
        return note(f"{at}, but {unknown[-1].doubt}: it may differ")
    return problem(f"{at}, but {_written(source, settings, key)}")


def _set(source: StrategySource, key: str) -> list[Setting]:
    return [one for one in source.settings if one.key == key]


def _symbols(source: StrategySource) -> list[Setting]:
    return [
        Setting("symbol", one.ticker, one.parameters, one.location) for one in source.subscriptions
    ]


def _same(set_: object, value: object) -> bool:
    if isinstance(set_, str) and isinstance(value, str):
        return set_.casefold() == value.casefold()
    return set_ == value


def _nowhere(source: StrategySource, key: str, value: object) -> str:
    what = _LACKS.get(key, f"sets no {key}")
    way = _way(source, key, value)
    return f"{source.algorithm} {what}; remove it, or write in {source.files[0]}: {way}"


def _handed(setting: Setting, key: str, given: Collection[str]) -> str:
    name = min(setting.parameters)
    taken = f"{setting.location} takes it from the parameter '{name}'"
    if name in given:
        return f"{taken}, which [parameters] gives: remove one of the two"
    return f'{taken}; expected pass_as = {{ {key} = "{name}" }} in the scenario'


def _written(source: StrategySource, settings: list[Setting], key: str) -> str:
    last = settings[-1]
    others = f" (and others: {len(settings) - 1})" if key == "symbol" and settings[1:] else ""
    return (
        f"{last.location} sets {worded(last.value)}{others}; expected the same in the scenario, "
        f"or in the source {_way(source, key, last.value)}"
    )


def _way(source: StrategySource, key: str, value: object) -> str:
    way = _WAYS[source.language, key]
    return way.format(name=DEFAULT_PASS_AS[key], value=worded(value))
