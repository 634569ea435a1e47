"""Settings of the process that a strategy can change: how to read and restore each."""

from __future__ import annotations

import _locale
import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any, NamedTuple

from leanopt_harness.kernel import Parts, kernel_settings


class Setting(NamedTuple):
    """One setting: its name, its reader, its saved value, and its setter."""

    name: str
    read: Callable[[], Any]
    saved: Any
    put: Callable[[Any], object]


def settings() -> list[Setting]:
    """Return the current settings, in the order of restoring."""
    parts = (*kernel_settings(), *_interpreter_settings())
    return [Setting(name, read, copy(read()), put) for name, read, put in parts]


def _interpreter_settings() -> Iterator[Parts]:
    yield _environment()
    yield "the time zone", _zone, _put_zone
    yield _locale_of_c()
    yield "a filter of warnings", lambda: warnings.filters, _put_filters
    yield "the path of imports", lambda: sys.path, _put_path
    yield "garbage collection", _collection, _put_collection
    yield "a limit of the interpreter", _limits, _put_limits
    yield "a hook of the interpreter", _hooks, _put_hooks
    yield "a default of a module", _defaults, _put_defaults


def _environment() -> Parts:
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


def _locale_of_c() -> Parts:
    """The locale changes through `locale`, so it is checked only if that was imported."""
    saved = _locale.setlocale(_locale.LC_ALL, None)

    def read() -> str:
        return _locale.setlocale(_locale.LC_ALL, None) if "locale" in sys.modules else saved

    return "the locale", read, lambda value: _locale.setlocale(_locale.LC_ALL, value)


def _put_filters(saved: list[Any]) -> None:
    # Also resets the registry of warnings that were shown once.
    warnings.resetwarnings()
    warnings.filters[:] = saved  # type: ignore[index]  # a list


def _put_path(saved: list[str]) -> None:
    sys.path[:] = saved


def _collection() -> tuple[Any, ...]:
    return gc.isenabled(), gc.get_threshold(), gc.get_debug()


def _put_collection(saved: tuple[Any, ...]) -> None:
    enabled, thresholds, debug = saved
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*thresholds)
    gc.set_debug(debug)


def _limits() -> tuple[Any, ...]:
    return (
        sys.getrecursionlimit(),
        sys.getswitchinterval(),
        sys.get_int_max_str_digits(),
        sys.getdlopenflags(),
        threading.stack_size(),
    )


def _put_limits(saved: tuple[Any, ...]) -> None:
    recursion, interval, digits, flags, stack = saved
    sys.setrecursionlimit(recursion)
    sys.setswitchinterval(interval)
    sys.set_int_max_str_digits(digits)
    sys.setdlopenflags(flags)
    threading.stack_size(stack)


def _hooks() -> tuple[Any, ...]:
    return (
        sys.gettrace(),
        sys.getprofile(),
        threading.gettrace(),
        threading.getprofile(),
        threading.excepthook,
        sys.get_asyncgen_hooks(),
        sys.get_coroutine_origin_tracking_depth(),
    )


def _put_hooks(saved: tuple[Any, ...]) -> None:
    trace, profile, threads_trace, threads_profile, excepthook, generators, depth = saved
    sys.settrace(trace)
    sys.setprofile(profile)
    threading.settrace(threads_trace)
    threading.setprofile(threads_profile)
    threading.excepthook = excepthook
    sys.set_asyncgen_hooks(*generators)
    sys.set_coroutine_origin_tracking_depth(depth)


def _defaults() -> tuple[Any, ...]:
    """Return defaults of modules that may be loaded; until then they have their first value."""
    sockets, memory = sys.modules.get("_socket"), sys.modules.get("_tracemalloc")
    return (
        None if sockets is None else sockets.getdefaulttimeout(),
        False if memory is None else memory.is_tracing(),
    )


def _put_defaults(saved: tuple[Any, ...]) -> None:
    timeout, traced = saved
    if (sockets := sys.modules.get("_socket")) is not None:
        sockets.setdefaulttimeout(timeout)
    if not traced and (memory := sys.modules.get("_tracemalloc")) is not None:
        memory.stop()
