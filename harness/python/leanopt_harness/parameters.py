"""The parameters of one backtest, as a strategy reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leanopt_harness.nearest import nearest


class UnknownParameterError(KeyError):
    """A strategy asked for a parameter that it was not given."""

    def __str__(self) -> str:
        # KeyError would print the quoted representation of its message.
        return str(self.args[0])


class Parameters(Mapping[str, Any]):
    """The given parameters, read-only, by name: `int`, `float`, `str` or `bool` values.

    It records the names that are read, given or not: `parameters[name]`, `.get(name)` and
    `name in parameters` one, iterating, `.items()`, `.values()`, `**parameters`, comparing, copying
    and pickling all of them. `len()` and `repr()` read nothing. A missing name raises
    `UnknownParameterError`, a KeyError.
    """

    __slots__ = ("_asked", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._asked: set[object] = set()

    @property
    def asked(self) -> frozenset[object]:
        """The names read so far, found or not."""
        return frozenset(self._asked)

    def __getitem__(self, name: str) -> Any:
        self._asked.add(name)
        try:
            return self._values[name]
        except KeyError:
            raise UnknownParameterError(self._missing(name)) from None

    def get(self, name: str, default: Any = None) -> Any:
        """Return the parameter, or `default` if it is not given."""
        self._asked.add(name)
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        self._asked.add(name)
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        self._asked.update(self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Parameters({self._values!r})"

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, Any]]]:
        # Reads in another process cannot be recorded here: count all.
        self._asked.update(self._values)
        return Parameters, (self._values,)

    def _missing(self, name: object) -> str:
        if not self._values:
            return f'no parameter "{name}": none is given'
        close = nearest(str(name), self._values)
        if close is not None:
            return f'no parameter "{name}": the nearest given one is "{close}"'
        return f'no parameter "{name}": given are {", ".join(sorted(self._values))}'
