"""Mappings that plugins see and leanopt keeps: nobody may change them in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ReadOnly(dict[K, V]):
    """A dict whose methods of change raise TypeError; `dict(values)` is a copy to change.

    A `MappingProxyType` can be neither pickled nor copied deeply, nor written as JSON.
    """

    __slots__ = ()

    def _refuse(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise TypeError("these values are read-only; change a copy: dict(values)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[ReadOnly[K, V]], tuple[dict[K, V]]]:
        # The usual way sets the items one by one.
        return type(self), (dict(self),)


_EMPTY: Final = ReadOnly[Any, Any]()


def read_only(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values as a read-only mapping, in the same order."""
    if type(values) is ReadOnly:
        return values
    return ReadOnly(values) if values else _EMPTY


def by_name(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values as a read-only mapping, in the order of their names."""
    return ReadOnly(sorted(values.items())) if values else _EMPTY
