"""Settings of the process that a strategy can change: how to read and restore each."""

from __future__ import annotations

# `_signal`: the module `signal` takes ten times as long, in every backtest.
import _locale
import _signal  # type: ignore[import-not-found]  # it has no stubs
import gc
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from copy import copy
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

# The signals that programs commonly handle.
_SIGNALS = [
    int(number)
    for number in signal.Signals
    if number.name[3:]
    in {"HUP", "INT", "QUIT", "PIPE", "ALRM", "TERM", "USR1", "USR2", "CHLD", "XCPU", "XFSZ"}
]

_Parts: TypeAlias = "tuple[str, Callable[[], Any], Callable[[Any], object]]"


class Setting(NamedTuple):
    """One setting: its name, its reader, its saved value, and its setter."""

    name: str
    read: Callable[[], Any]
    saved: Any
    put: Callable[[Any], object]


def settings() -> list[Setting]:
    """Return the current settings, in the order of restoring."""
    return [
        Setting(name, read, copy(read()), put)
        for name, read, put in (
            _limits(),
            ("a timer", _timer, _put_timer),
            ("the handler of a signal", _handlers, _put_handlers),
            _environment(),
            ("the time zone", _zone, _put_zone),
            _locale_of_c(),
            ("a filter of warnings", lambda: warnings.filters, _put_filters),
            ("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
            ("garbage collection", gc.isenabled, _put_collection),
        )
    ]


def _limits() -> _Parts:
    """Limits change through `resource` only, so they are checked only if it was imported."""
    known = "resource" in sys.modules
    resource = import_module("resource")
    if not known:
        del sys.modules["resource"]
    kinds = [value for name, value in vars(resource).items() if name.startswith("RLIMIT_")]
    saved = [resource.getrlimit(kind) for kind in kinds]

    def read() -> list[tuple[int, int]]:
        return [resource.getrlimit(kind) for kind in kinds] if "resource" in sys.modules else saved

    def put(limits: list[tuple[int, int]]) -> None:
        for kind, limit in zip(kinds, limits, strict=True):
            resource.setrlimit(kind, limit)

    return "a resource limit", read, put


def _timer() -> bool:
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _put_timer(saved: bool) -> None:
    if not saved:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _handlers() -> list[Any]:
    return list(map(_signal.getsignal, _SIGNALS))


def _put_handlers(saved: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, saved, strict=True):
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _environment() -> _Parts:
    environ = os.environ
    data: dict[bytes, bytes] = vars(environ)["_data"]  # decoding it each time would be slow

    def put(saved: dict[bytes, bytes]) -> None:
        os.environ = environ  # noqa: B003 - the same object that it was
        for name in data.keys() - saved.keys():
            del os.environb[name]
        for name, value in saved.items():
            if data.get(name) != value:
                os.environb[name] = value

    return "the environment", lambda: data if os.environ is environ else None, put


def _zone() -> tuple[Any, ...]:
    return time.tzname, time.timezone, time.altzone


def _put_zone(_: object) -> None:
    time.tzset()


def _locale_of_c() -> _Parts:
    """The locale changes through `locale` only, as for limits."""
    saved = _locale.setlocale(_locale.LC_ALL, None)

    def read() -> str:
        return _locale.setlocale(_locale.LC_ALL, None) if "locale" in sys.modules else saved

    return "the locale", read, lambda value: _locale.setlocale(_locale.LC_ALL, value)


def _put_filters(saved: list[Any]) -> None:
    # Also resets the registry of warnings that were shown once.
    warnings.resetwarnings()
    warnings.filters[:] = saved  # type: ignore[index]  # a list


def _put_collection(saved: bool) -> None:
    (gc.enable if saved else gc.disable)()
