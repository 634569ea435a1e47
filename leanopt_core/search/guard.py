"""Call plugins' code, and report contract violations as PluginError."""

from __future__ import annotations

import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, isroutine
from threading import get_ident
from typing import Any, Final, TypeVar

from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.search.calls import IDLE, Calls
from leanopt_core.shown import shown, told

T = TypeVar("T")

#: The usual type first: a question for the abstract class alone takes as long as a whole check.
MAPPINGS: Final = (dict, Mapping)
#: The first calls are all checked for use of global random state, later ones only sometimes, since
#: reading both states costs tens of microseconds. Odd, because asks and tells often alternate.
_WATCHED, _EVERY = 61, 251

# Functions that do nothing when they are called: nobody awaits or iterates what they return.
_IDLE: Final = (
    ("be async", (iscoroutinefunction, isasyncgenfunction)),
    ("be a generator (`yield`)", (isgeneratorfunction,)),
)


class _Blame(ABC):
    """Blames the plugin `label` for what is wrong with the objects that it makes."""

    def __init__(self, label: str) -> None:
        self._label = label

    @abstractmethod
    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and the call."""

    def needs(self, plugin: object, methods: Iterable[str], doing: str) -> None:
        """Raise PluginError if `plugin`, made by `doing`, lacks one of `methods`.

        A coroutine or generator function is a PluginError too: a call of it does nothing.
        """
        unfit = self.call(doing, _unfit, plugin, methods)
        if unfit:
            raise self.fault(doing, f"it made {shown(plugin)}, {unfit}")

    def fault(self, doing: str, what: str) -> PluginError:
        """Return the error for a contract violation."""
        return PluginError(f"{self._label}, {doing}: {what}")


class Guard(_Blame):
    """Calls a plugin's code; its exceptions become PluginErrors.

    Exceptions of the types `passing` are passed on unchanged. `calls` notes each call while it is
    in progress.
    """

    def __init__(
        self,
        label: str,
        passing: tuple[type[Exception], ...] = (LeanoptError,),
        *,
        calls: Calls | None = None,
    ) -> None:
        super().__init__(label)
        self._passing = passing
        self._calls = Calls() if calls is None else calls
        self._by_thread, self._clock = self._calls.by_thread, self._calls.clock
        self._main = self._calls.main
        self._handlers = self._calls.handlers
        self._harmless = label in self._calls.harmless

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and the call."""
        # Noted here and not by a method, since each backtest makes several calls.
        running, thread = self._by_thread, get_ident()
        outer = running.get(thread, IDLE)
        running[thread] = (self._label, doing, since := self._clock())
        main = thread == self._main
        free = not (main or self._harmless or outer[0])
        if free:
            self._calls.begin_free(thread)
        try:
            return function(*arguments)
        except self._passing:
            raise
        except BaseException as error:
            # Ctrl-C arrives on the main thread alone.
            if main and isinstance(error, KeyboardInterrupt):
                raise
            text = told(error)
            if isinstance(error, PluginError) and text.startswith(self._label):
                raise
            raise self.fault(doing, f"it raised {type(error).__name__}: {text}") from error
        finally:
            running[thread] = outer if outer is IDLE else self._calls.again(outer)
            if free:
                self._calls.end_free(thread)
            if main and self._handlers.lost(since):
                self._handlers.restore(self._label, since)


class RepeatableGuard(_Blame):
    """A guard of code that decides trials: its use of global random state is a PluginError too.

    `instead` says what the plugin must use.
    """

    def __init__(
        self,
        label: str,
        passing: tuple[type[Exception], ...] = (LeanoptError,),
        *,
        instead: str = "use context.random() instead",
        calls: Calls | None = None,
    ) -> None:
        super().__init__(label)
        self._calls = Calls() if calls is None else calls
        # No subclass: Python is faster where one class has a method and its attributes.
        self._guarded = Guard(label, passing, calls=self._calls).call
        self._instead = instead
        self._count = 0

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and the call."""
        self._count += 1
        if self._count > _WATCHED and self._count % _EVERY:
            return self._guarded(doing, function, *arguments)
        free, before = self._calls.free_calls(), _global_states()
        answer = self._guarded(doing, function, *arguments)
        after = _global_states()
        # If the call was the first to load NumPy, its state is new, not changed.
        changed = any(after[name] != state for name, state in before.items())
        # Plugins on other threads may use them, since they decide no trial.
        if changed and free is not None and free == self._calls.free_calls():
            raise self.fault(doing, f"it used global random state; {self._instead}")
        return answer


def _unfit(plugin: object, methods: Iterable[str]) -> str:
    """Return what is wrong with the methods of a plugin's object, an empty text if nothing."""
    found = {name: _attribute(plugin, name) for name in methods}
    missing = [name for name, one in found.items() if not callable(one)]
    if missing:
        return f"which has no {', '.join(missing)}"
    if isroutine(plugin):
        # The method `__call__` does not say what the function is.
        found = dict.fromkeys(found, plugin)
    for how, only_begins in _IDLE:
        idle = [name for name, one in found.items() if any(is_one(one) for is_one in only_begins)]
        if idle:
            return f"whose {', '.join(idle)} must not {how}"
    return ""


def _attribute(plugin: object, name: str) -> object:
    try:
        return getattr(plugin, name, None)
    except (Exception, SystemExit):  # noqa: BLE001 - the call of the method reports what is wrong
        return _attribute


def storable(text: object) -> bool:
    """Return whether `text` is text that UTF-8 can encode."""
    try:
        return isinstance(text, str) and text.encode() is not None
    except UnicodeEncodeError:
        return False


def _global_states() -> dict[str, Any]:
    """Return the states of the global generators, NumPy's only if it is loaded."""
    states: dict[str, Any] = {"random": random.getstate()}
    # Another thread may be in the middle of importing it.
    get_state = getattr(sys.modules.get("numpy.random"), "get_state", None)
    if get_state is not None:
        state = get_state(legacy=False)["state"]
        states["numpy"] = {name: _plain(part) for name, part in state.items()}
    return states


def _plain(part: Any) -> Any:
    return part.tobytes() if hasattr(part, "tobytes") else part
