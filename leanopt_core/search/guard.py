"""Call plugins' code, and report contract violations as PluginError."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from inspect import isasyncgenfunction, iscoroutinefunction, isroutine
from operator import index, methodcaller
from threading import get_ident
from typing import Any, TypeVar

from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.search.calls import IDLE, Calls
from leanopt_core.shown import shown, told
from leanopt_core.space import Point
from leanopt_core.stage import Adopts, AskContext, Stage, StageStart, TellContext
from leanopt_core.trial import Proposal, Signal, Trial

T = TypeVar("T")

#: The first calls are all checked for use of global random state, later ones only sometimes, since
#: reading both states costs tens of microseconds. Odd, because asks and tells often alternate.
_WATCHED, _EVERY = 61, 251

_METHODS = ("ask", "tell", "refused")

#: The most bytes that a proposal's `because` may have as JSON.
_BECAUSE = 4096
# Made once, and without a search for cycles, which end as RecursionError: many proposals have one.
_JSON = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
).encode


class Guard:
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
        self._label = label
        self._passing = passing
        self._calls = Calls() if calls is None else calls
        self._by_thread, self._clock = self._calls.by_thread, self._calls.clock
        self._harmless = label in self._calls.harmless

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and the call."""
        # Noted here and not by a method, since each backtest makes several calls.
        running, thread = self._by_thread, get_ident()
        outer = running.get(thread, IDLE)
        running[thread] = (self._label, doing, self._clock())
        main = thread == self._calls.main
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

    def needs(self, plugin: object, methods: Iterable[str], doing: str) -> None:
        """Raise PluginError if `plugin`, made by `doing`, lacks one of `methods`.

        A method that is a coroutine function is a PluginError too.
        """
        unfit = self.call(doing, _unfit, plugin, methods)
        if unfit:
            raise self.fault(doing, f"it made {shown(plugin)}, {unfit}")

    def fault(self, doing: str, what: str) -> PluginError:
        """Return the error for a contract violation."""
        return PluginError(f"{self._label}, {doing}: {what}")


class RepeatableGuard(Guard):
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
        super().__init__(label, passing, calls=calls)
        self._instead = instead
        self._count = 0

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and the call."""
        self._count += 1
        if self._count > _WATCHED and self._count % _EVERY:
            return super().call(doing, function, *arguments)
        free, before = self._calls.free_calls(), _global_states()
        answer = super().call(doing, function, *arguments)
        after = _global_states()
        # If the call was the first to load NumPy, its state is new, not changed.
        changed = any(after[name] != state for name, state in before.items())
        # Plugins on other threads may use them, since they decide no trial.
        if changed and free is not None and free == self._calls.free_calls():
            raise self.fault(doing, f"it used global random state; {self._instead}")
        return answer


class GuardedStage:
    """Calls a method and checks its answers; every violation is a PluginError naming `label`."""

    def __init__(
        self,
        factory: Callable[[StageStart], Stage],
        start: StageStart,
        label: str,
        calls: Calls | None = None,
    ) -> None:
        self._guard = RepeatableGuard(label, passing=(), calls=calls)
        self._space = start.space
        self._stage = self._guard.call("being built", factory, start)
        self._guard.needs(self._stage, _METHODS, "being built")
        self.adopts = self._guard.call("being built", isinstance, self._stage, Adopts)

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Ask, and check the answer: a proposal for a feasible grid point, `WAIT` or `DONE`."""
        doing = f"asked for trial {context.number}"
        answer = self._call(doing, "ask", context)
        return answer if isinstance(answer, Signal) else self._proposal(answer, doing)

    def because(self, because: object, number: int) -> str:
        """Return the JSON text of a proposal's `because`."""
        doing = f"asked for trial {number}"
        if not isinstance(because, Mapping):
            what = f"it gave the because {shown(because)}, expected a dict of JSON values"
            raise self._guard.fault(doing, what)
        try:
            text = _JSON(dict(because))
            size = len(text.encode())
        except Exception as error:
            what = f"it gave a because that is not JSON: {told(error)}"
            raise self._guard.fault(doing, what) from error
        if size > _BECAUSE:
            what = f"it gave a because of {size} bytes as JSON, expected {_BECAUSE} at most"
            raise self._guard.fault(doing, what)
        return text

    def reason(self) -> str:
        """Return the method's reason for being done, an empty text if it has none."""
        reason = self._guard.call("asked why it is done", getattr, self._stage, "reason", "")
        return reason if isinstance(reason, str) and storable(reason) else ""

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Pass on a stored proposal; only if `adopts` is true."""
        self._call(f"given back trial {context.number}", "adopt", context, proposal)

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Tell a result."""
        self._call(f"told trial {trial.number}", "tell", trial, context)

    def refused(self, point: Point, number: int) -> None:
        """Refuse a repeated point proposed for trial `number`."""
        self._call(f"refused a repeat for trial {number}", "refused", point)

    def _call(self, doing: str, method: str, *arguments: object) -> object:
        # Looking up the method can run the plugin's code too.
        return self._guard.call(doing, methodcaller(method, *arguments), self._stage)

    def _proposal(self, answer: object, doing: str) -> Proposal:
        if not isinstance(answer, Proposal):
            what = f"it returned {shown(answer)}, expected a Proposal, WAIT or DONE"
            raise self._guard.fault(doing, what)
        if not storable(answer.origin):
            what = f"it gave the origin {shown(answer.origin)}, expected UTF-8 text"
            raise self._guard.fault(doing, what)
        return Proposal(self._checked(answer.point, doing), answer.origin, answer.because)

    def _checked(self, point: object, doing: str) -> Point:
        levels = point if type(point) is tuple and self._space.contains(point) else None
        if levels is None:
            levels = self._plain(point, doing)
        if not self._space.feasible(levels):
            violated = self._space.violated(levels)
            texts = ", ".join(repr(constraint.text) for constraint in violated)
            raise self._guard.fault(doing, f"it proposed {levels}, which violates {texts}")
        return levels

    def _plain(self, point: object, doing: str) -> Point:
        """Convert a point of other int types to plain ints."""
        levels = _levels(point)
        if levels is None:
            what = f"it proposed {shown(point)}, expected a tuple of ints, a level for each axis"
            raise self._guard.fault(doing, what)
        if not self._space.contains(levels):
            lengths = [len(axis) for axis in self._space.axes]
            what = f"it proposed {shown(levels)}, which is off the grid of {lengths} levels"
            raise self._guard.fault(doing, what)
        return levels


def _unfit(plugin: object, methods: Iterable[str]) -> str:
    """Return what is wrong with the methods of a plugin's object, an empty text if nothing."""
    found = {name: _attribute(plugin, name) for name in methods}
    missing = [name for name, one in found.items() if not callable(one)]
    if missing:
        return f"which has no {', '.join(missing)}"
    if isroutine(plugin):
        # The method `__call__` does not say what the function is.
        found = dict.fromkeys(found, plugin)
    waiting = [name for name, one in found.items() if _is_async(one)]
    return f"whose {', '.join(waiting)} must not be async" if waiting else ""


def _is_async(found: object) -> bool:
    """Return whether calling it only makes something to await, which nobody would."""
    return iscoroutinefunction(found) or isasyncgenfunction(found)


def _attribute(plugin: object, name: str) -> object:
    try:
        return getattr(plugin, name, None)
    except (Exception, SystemExit):  # noqa: BLE001 - the call of the method reports what is wrong
        return _attribute


def _levels(point: object) -> Point | None:
    """Return the point with NumPy ints as Python ints, None if it is not a tuple of ints."""
    if not isinstance(point, tuple) or any(isinstance(level, bool) for level in point):
        return None
    try:
        return tuple(map(index, point))
    except TypeError:
        return None


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
