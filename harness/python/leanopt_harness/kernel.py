"""What the kernel and the C library hold of a process: how to read and restore it."""

from __future__ import annotations

# `_signal`: the module `signal` takes ten times as long, in every backtest.
import _signal  # type: ignore[import-not-found]  # it has no stubs
import ctypes
import fcntl
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

#: Name, reader and setter of a setting. A setter raises OSError where there is no way back.
Parts: TypeAlias = "tuple[str, Callable[[], Any], Callable[[Any], object]]"

# The signals that programs commonly handle.
_SIGNALS = [
    int(number)
    for number in signal.Signals
    if number.name[3:]
    in {"HUP", "INT", "QUIT", "PIPE", "ALRM", "TERM", "USR1", "USR2", "CHLD", "XCPU", "XFSZ"}
]
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
# More than any C library's `fenv_t`.
_FLOATS_SIZE = 512
_LIMITS_CHANGE = frozenset({"resource.setrlimit", "resource.prlimit"})
# The lowest number of a copy of a standard descriptor.
_HIGH = 100


def kernel_settings() -> Iterator[Parts]:
    """Yield what is on this system, in the order of restoring."""
    yield _limits()
    yield "the user", lambda: (os.geteuid(), os.getegid()), _put_user
    yield "the process group", os.getpgrp, lambda group: os.setpgid(0, group)
    yield "the priority", partial(os.getpriority, os.PRIO_PROCESS, 0), _put_priority
    if sys.platform == "linux":
        yield "the processors", partial(os.sched_getaffinity, 0), _put_processors
    yield _descriptors()
    yield "the signal mask", partial(_signal.pthread_sigmask, signal.SIG_BLOCK, ()), _put_mask
    yield "a timer", _timers, _put_timers
    yield "the handler of a signal", _handlers, _put_handlers
    library = ctypes.CDLL(None)
    with suppress(AttributeError, ValueError):  # ValueError: no `environ` in this library
        yield _variables_of_c(library)
    with suppress(AttributeError):
        yield _floats(library)


def _limits() -> Parts:
    """Limits change through `resource`, which tells audit hooks: reading all would be slow."""
    kinds = [value for name, value in vars(resource).items() if name.startswith("RLIMIT_")]
    saved = [resource.getrlimit(kind) for kind in kinds]
    changed = False

    def notice(event: str, _: object) -> None:
        nonlocal changed
        changed = changed or event in _LIMITS_CHANGE

    def read() -> list[tuple[int, int]]:
        nonlocal changed
        if not changed:
            return saved
        changed = False
        return [resource.getrlimit(kind) for kind in kinds]

    def put(limits: list[tuple[int, int]]) -> None:
        for kind, limit in zip(kinds, limits, strict=True):
            resource.setrlimit(kind, limit)

    sys.addaudithook(notice)
    return "a resource limit", read, put


def _put_user(saved: tuple[int, int]) -> None:
    os.seteuid(saved[0])
    os.setegid(saved[1])


def _put_priority(saved: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, saved)


def _put_processors(saved: set[int]) -> None:
    os.sched_setaffinity(0, saved)


def _descriptors() -> Parts:
    """Whether descriptors 0 to 2 are inherited by programs, None for a closed one.

    Files that Python opens are not, so that one in the place of a closed one is seen. Looking at
    the files themselves takes six times as long.
    """
    # Out of the way of the numbers that the next files get.
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH) for descriptor in range(3)]

    def put(saved: list[bool | None]) -> None:
        for descriptor, (before, now) in enumerate(zip(saved, _inherited(), strict=True)):
            if now is None:
                os.dup2(copies[descriptor], descriptor)
            elif now is not before:
                # The strategy may go on using the file that has the number now.
                raise OSError(f"another file has taken the place of {descriptor}")

    return "a standard descriptor", _inherited, put


def _inherited() -> list[bool | None]:
    try:
        return [os.get_inheritable(0), os.get_inheritable(1), os.get_inheritable(2)]
    except OSError:
        return [_inheritable(descriptor) for descriptor in range(3)]


def _inheritable(descriptor: int) -> bool | None:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return None


def _put_mask(saved: set[int]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, saved)


def _timers() -> list[bool]:
    look, (real, virtual, profile) = _signal.getitimer, _TIMERS
    return [look(real)[0] > 0, look(virtual)[0] > 0, look(profile)[0] > 0]


def _put_timers(saved: list[bool]) -> None:
    for timer, runs in zip(_TIMERS, saved, strict=True):
        if not runs:
            signal.setitimer(timer, 0)


def _handlers() -> list[Any]:
    return list(map(_signal.getsignal, _SIGNALS))


def _put_handlers(saved: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, saved, strict=True):
        if handler is not None and _signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _variables_of_c(library: Any) -> Parts:
    """The variables as C code sees them, by their pointers: comparing texts would be slow."""
    variables = ctypes.c_void_p.in_dll(library, "environ")
    width = ctypes.sizeof(ctypes.c_void_p)

    def texts() -> dict[bytes, bytes]:
        start = ctypes.POINTER(ctypes.c_char_p).from_buffer(variables)
        found = {}
        for at in range(sys.maxsize):
            if not (text := start[at]):
                break
            name, _, value = text.partition(b"=")
            found[name] = value
        return found

    saved = texts()
    # With the null pointer at the end, so that an added variable is seen.
    table = ctypes.c_char * (width * (len(saved) + 1))

    place: int | None = None
    pointers, known = table(), b""

    def look() -> None:
        nonlocal place, pointers, known
        place = variables.value
        pointers = table.from_address(place) if place else table()
        known = pointers.raw

    look()

    def read() -> bool:
        return variables.value == place and pointers.raw == known

    def put(_: object) -> None:
        now = texts()
        for name in now.keys() - saved.keys():
            library.unsetenv(name)
        for name, value in saved.items():
            if now.get(name) != value:
                library.setenv(name, value, 1)
        look()

    return "a variable of the C library", read, put


def _floats(library: Any) -> Parts:
    """Rounding, traps and flags of floating-point numbers; setting them is as fast as a look."""
    saved = ctypes.create_string_buffer(_FLOATS_SIZE)
    library.fegetenv(saved)
    return "floating-point numbers", partial(library.fesetenv, saved), lambda _: None
