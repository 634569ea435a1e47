"""The scenario of one backtest, as a strategy sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

from leanopt_harness.nearest import nearest

#: Further values of a scenario; lists become tuples.
Extra: TypeAlias = "str | int | float | bool | tuple[Extra, ...] | None"


@dataclass(frozen=True)
class Scenario:
    """The symbol, dates, cash and data folder of one backtest.

    `cash` is in the account's currency, `start` and `end` are inclusive; None means not given.
    `warmup` is the number of days before `start` that the strategy may read without trading. The
    other keys of the pipeline's scenario are in `extras`. Read them as attributes
    (`scenario.market`) or as in a mapping (`scenario["market"]`, `scenario.get("market", "usa")`,
    `"market" in scenario`), which also reads the named fields.
    """

    symbol: str = ""
    start: date | None = None
    end: date | None = None
    cash: float = 100_000.0
    data: Path | None = None
    warmup: int = 0
    extras: tuple[tuple[str, Extra], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Scenario:
        """Return the scenario in a JSON object: dates as `YYYY-MM-DD`, null as not given.

        Raises ValueError naming the key, what was found and what was expected.
        """
        fields = {
            name: read(name, given[name])
            for name, read in _READERS.items()
            if given.get(name) is not None
        }
        extras = tuple((name, _extra(name, given[name])) for name in given if name not in _READERS)
        return cls(**fields, extras=extras)

    def __getattr__(self, name: str) -> Any:
        # Called only for names that are not fields; dunder names belong to copying and pickling.
        if not name.startswith("__"):
            for key, value in self.extras:
                if key == name:
                    return value
        raise AttributeError(self._missing(name))

    def __getitem__(self, name: str) -> Any:
        try:
            return self._all()[name]
        except KeyError:
            raise KeyError(self._missing(name)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field or an extra by name, or `default` if the scenario lacks it."""
        return self._all().get(name, default)

    def _all(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _READERS} | dict(self.extras)

    def _missing(self, name: str) -> str:
        close = nearest(name, self._all()) if "extras" in self.__dict__ else None
        return f'the scenario has no "{name}"' + (f': the nearest is "{close}"' if close else "")


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise _unexpected(name, value, "a string")


def _date(name: str, value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _unexpected(name, value, "a date, YYYY-MM-DD")


def _money(name: str, value: object) -> float:
    if type(value) in (int, float) and math.isfinite(value):  # type: ignore[arg-type]  # narrowed
        return float(value)  # type: ignore[arg-type]  # by the line before
    raise _unexpected(name, value, "a finite number")


def _days(name: str, value: object) -> int:
    if type(value) is int and value >= 0:
        return value
    raise _unexpected(name, value, "a whole number of days")


def _path(name: str, value: object) -> Path:
    return Path(_text(name, value))


def _extra(name: str, value: object) -> Extra:
    if isinstance(value, list):
        return tuple(_extra(name, item) for item in value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _unexpected(name, value, "a string, a finite number, true, false, null or a list of them")


def _unexpected(name: str, value: object, expected: str) -> ValueError:
    return ValueError(f"scenario.{name} is {value!r}: expected {expected}")


_READERS: Mapping[str, Any] = {
    "symbol": _text,
    "start": _date,
    "end": _date,
    "cash": _money,
    "data": _path,
    "warmup": _days,
}
