"""Time limits for the calls that kits make into plugins.

On the main thread a signal (SIGALRM) interrupts a call that takes too long. Elsewhere, and on
systems without that signal, another thread makes the call, and the kit stops waiting for it: that
thread remains until the process ends.

Some calls cannot be limited: code in C that keeps the interpreter's lock, since then neither a
signal handler nor another thread runs; and a loop that catches every exception, `BaseException`
too, and continues. Such a plugin hangs its kit.
"""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import wraps
from queue import SimpleQueue
from time import monotonic
from typing import Any, ClassVar, Final, TypeVar, cast

from attrs import field, frozen

#: The environment variable with the limit in seconds; it overrides `LimitedKit.call_limit`.
VARIABLE: Final = "LEANOPT_KIT_CALL_LIMIT"
#: The rule for methods without one of their own.
RETURNS: Final = "Every call returns"

T = TypeVar("T")
_Call = Callable[[], T]


class OverLimitError(BaseException):
    """A call into a plugin took too long.

    Not an `Exception`: plugins, the core and hypothesis catch those.
    """


class CallThread:
    """Makes calls one after another on a thread of its own, for plugins that have one in a run."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[_Call[Any], Future[Any]] | None] = SimpleQueue()
        # A daemon, so that a call that never returns does not keep the process alive.
        threading.Thread(target=self._serve, name="kit-calls", daemon=True).start()

    def run(self, call: _Call[T], limit: float, message: str) -> T:
        """Return the call's result; raises OverLimitError with `message` after `limit` seconds."""
        answer: Future[T] = Future()
        self._calls.put((call, answer))
        if not wait([answer], limit).done:
            raise OverLimitError(message)
        return answer.result()

    def close(self) -> None:
        """End the thread after the calls so far."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (asked := self._calls.get()) is not None:
            call, answer = asked
            try:
                answer.set_result(call())
            except BaseException as error:  # noqa: BLE001 - it belongs to who waits
                answer.set_exception(error)


@frozen
class Limits:
    """How long calls may take, and what the guide says of them, by method.

    `makes` has the limits of the objects that a method returns, such as `spawn`. `thread` makes all
    calls; without one, they are made where the kit is.
    """

    seconds: float
    rules: Mapping[str, str] = field(factory=dict)
    makes: Mapping[str, Limits] = field(factory=dict)
    thread: CallThread | None = None

    def run(self, name: str, call: _Call[T]) -> T:
        """Return the result of `call`, of the method `name`.

        Raises OverLimitError with the rule that it breaks if it takes too long.
        """
        __tracebackhide__ = True
        rule = self.rules.get(name, RETURNS)
        message = f"{name} did not return within {self.seconds:g} s: {rule}"
        if self.thread is not None:
            return self.thread.run(call, self.seconds, message)
        if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
            return _interrupted(call, self.seconds, message)
        thread = CallThread()
        try:
            return thread.run(call, self.seconds, message)
        finally:
            thread.close()

    def of(self, plugin: T) -> T:
        """Return `plugin` with each call of a method limited, and each look at a property."""
        wrapper = _LimitedFunction if callable(plugin) else _Limited
        return cast("T", wrapper(plugin, self))


class LimitedKit:
    """A kit whose calls into the plugin are limited to `call_limit` seconds each."""

    #: Seconds that a call may take; the environment variable LEANOPT_KIT_CALL_LIMIT overrides it.
    call_limit: ClassVar[float] = 60.0

    def limits(self, rules: Mapping[str, str], **more: Any) -> Limits:
        """Return the kit's limits, with these rules by method; `more` are fields of `Limits`."""
        return Limits(float(os.environ.get(VARIABLE) or self.call_limit), rules, **more)


class _Limited:
    """Looks like the plugin; special methods of the plugin other than `__call__` are missing."""

    def __init__(self, plugin: object, limits: Limits) -> None:
        self._plugin = plugin
        self._limits = limits

    # So that `isinstance` answers as for the plugin.
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._plugin)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name in ("_plugin", "_limits"):  # a copy that is not complete yet
            raise AttributeError(name)
        plugin, limits = self._plugin, self._limits
        if name == "__signature__":
            return inspect.signature(cast("Callable[..., Any]", plugin))
        found = limits.run(name, lambda: getattr(plugin, name))
        if not callable(found) or isinstance(found, type):
            return found

        @wraps(found)
        def method(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            made = limits.run(name, lambda: found(*args, **kwargs))
            return limits.makes[name].of(made) if name in limits.makes else made

        return method


class _LimitedFunction(_Limited):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        plugin = cast("Callable[..., Any]", self._plugin)
        return self._limits.run("__call__", lambda: plugin(*args, **kwargs))


def _interrupted(call: _Call[T], limit: float, message: str) -> T:
    """Return the call's result; a signal interrupts it after `limit` seconds."""
    __tracebackhide__ = True
    with _alarm(limit, message) as rung:
        try:
            result = call()
        except OverLimitError:
            raise
        except BaseException as error:
            if rung:  # the plugin caught the interruption, and raises something else
                raise OverLimitError(message) from error
            raise
    if rung:  # the plugin caught the interruption
        raise OverLimitError(message)
    return result


@contextmanager
def _alarm(limit: float, message: str) -> Iterator[list[bool]]:
    """Raise OverLimitError in the block after `limit` seconds; the list tells whether it was.

    An alarm that was set before rings later by its rest, at the earliest after this block.
    """
    rung: list[bool] = []

    def ring(_signal: int, _frame: object) -> None:
        rung.append(True)
        raise OverLimitError(message)

    handler = signal.signal(signal.SIGALRM, ring)
    rest, interval = signal.setitimer(signal.ITIMER_REAL, limit)
    began = monotonic()
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if rest:
            left = max(rest - (monotonic() - began), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)
