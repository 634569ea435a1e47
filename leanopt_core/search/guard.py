"""Calls plugins' code: whatever it does wrong becomes an error that names the plugin."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from operator import index, methodcaller
from typing import Any, TypeVar

from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.space import Point
from leanopt_core.stage import Adopts, AskContext, Stage, StageStart
from leanopt_core.trial import Proposal, Signal, Trial

T = TypeVar("T")

#: So many first calls are all watched for use of global random state, later ones now and then:
#: taking both states costs tens of microseconds. Odd, since asks and tells often take turns.
_WATCHED, _EVERY = 61, 251

_METHODS = ("ask", "tell", "refused")


class Guard:
    """Calls a plugin's code; what it raises, and its use of global random state, gets a name.

    Errors of the kinds `passing` are for the user as they are. `random` says that the plugin may
    use global random state, as one may that decides no trials.
    """

    def __init__(
        self,
        label: str,
        passing: tuple[type[Exception], ...] = (LeanoptError,),
        *,
        random: bool = False,
    ) -> None:
        self._label = label
        self._passing = passing
        self._random = random
        self._calls = 0

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and what it did."""
        self._calls += 1
        watch = not self._random and (self._calls <= _WATCHED or self._calls % _EVERY == 0)
        before = _global_states() if watch else {}
        try:
            answer = function(*arguments)
        except KeyboardInterrupt:
            raise
        except self._passing:
            raise
        except BaseException as error:
            text = _text(str, error)
            if isinstance(error, PluginError) and text.startswith(self._label):
                raise
            raise self.fault(doing, f"it raised {type(error).__name__}: {text}") from error
        after = _global_states() if watch else {}
        # A call may be the first to load NumPy: its state is then new, not touched.
        if any(after[name] != state for name, state in before.items()):
            what = "it used global random state; context.random() is the generator to use"
            raise self.fault(doing, what)
        return answer

    def fault(self, doing: str, what: str) -> PluginError:
        """Return the error for what the plugin did wrong."""
        return PluginError(f"{self._label}, {doing}: {what}")


class GuardedStage:
    """Calls a method and checks what it answers; every fault is a PluginError naming `label`."""

    def __init__(
        self, factory: Callable[[StageStart], Stage], start: StageStart, label: str
    ) -> None:
        self._guard = Guard(label, passing=())
        self._space = start.space
        self._stage = self._guard.call("being built", factory, start)
        self.adopts, missing = self._guard.call("being built", _abilities, self._stage)
        if missing:
            what = f"it made {_short(self._stage)}, which has no {', '.join(missing)}"
            raise self._guard.fault("being built", what)

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Ask and check: a proposal for a feasible point of the grid, `WAIT` or `DONE`."""
        doing = f"asked for trial {context.number}"
        answer = self._call(doing, "ask", context)
        return answer if isinstance(answer, Signal) else self._proposal(answer, doing)

    def reason(self) -> str:
        """Return why the method is done, in its own words where it has any, else nothing."""
        reason = self._guard.call("asked why it is done", getattr, self._stage, "reason", "")
        return reason if isinstance(reason, str) and _storable(reason) else ""

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Hand over a stored proposal; only where `adopts` is true."""
        self._call(f"given back trial {context.number}", "adopt", context, proposal)

    def tell(self, trial: Trial) -> None:
        """Tell a result."""
        self._call(f"told trial {trial.number}", "tell", trial)

    def refused(self, point: Point, number: int) -> None:
        """Refuse a repeat proposed for trial `number`."""
        self._call(f"refused a repeat for trial {number}", "refused", point)

    def _call(self, doing: str, method: str, *arguments: object) -> object:
        # Even looking up the method is the plugin's code.
        return self._guard.call(doing, methodcaller(method, *arguments), self._stage)

    def _proposal(self, answer: object, doing: str) -> Proposal:
        if not isinstance(answer, Proposal):
            what = f"it returned {_short(answer)}, expected a Proposal, WAIT or DONE"
            raise self._guard.fault(doing, what)
        if not _storable(answer.origin):
            what = (
                f"it gave the origin {_short(answer.origin)}, expected a text that UTF-8 can write"
            )
            raise self._guard.fault(doing, what)
        return Proposal(self._checked(answer.point, doing), answer.origin)

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
        """Return a point that is written in another way than plainly, if it is one."""
        levels = _levels(point)
        if levels is None:
            what = f"it proposed {_short(point)}, expected a tuple of ints, a level for each axis"
            raise self._guard.fault(doing, what)
        if not self._space.contains(levels):
            lengths = [len(axis) for axis in self._space.axes]
            what = f"it proposed {_short(levels)}, which is off the grid of {lengths} levels"
            raise self._guard.fault(doing, what)
        return levels


def _abilities(stage: object) -> tuple[bool, list[str]]:
    """Return whether a method adopts, and which calls it lacks."""
    missing = [name for name in _METHODS if not callable(getattr(stage, name, None))]
    return isinstance(stage, Adopts), missing


def _levels(point: object) -> Point | None:
    """Return the point with NumPy's ints as Python's, None where it is no tuple of ints."""
    if not isinstance(point, tuple) or any(isinstance(level, bool) for level in point):
        return None
    try:
        return tuple(map(index, point))
    except TypeError:
        return None


def _storable(origin: object) -> bool:
    """Return whether `origin` is a text that UTF-8 can write."""
    try:
        return isinstance(origin, str) and origin.encode() is not None
    except UnicodeEncodeError:
        return False


def _short(value: object, limit: int = 80) -> str:
    text = _text(repr, value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _text(write: Callable[[object], str], value: object) -> str:
    """Return the value's text, which is the plugin's code too: the type's name where it fails."""
    try:
        return write(value)
    except Exception:  # noqa: BLE001  # the fault that is being told counts, not this one
        return f"<{type(value).__name__}>"


def _global_states() -> dict[str, Any]:
    """Return the states of the global generators, NumPy's only where it is loaded."""
    states: dict[str, Any] = {"random": random.getstate()}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        state = numpy_random.get_state(legacy=False)["state"]
        states["numpy"] = {name: _plain(part) for name, part in state.items()}
    return states


def _plain(part: Any) -> Any:
    return part.tobytes() if hasattr(part, "tobytes") else part
