"""Stands between the state machine and a method: whatever the method does wrong gets a name."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable
from operator import index
from typing import Any, SupportsIndex, TypeVar, cast

from leanopt_core.errors import LeanoptError, PluginError
from leanopt_core.space import Point
from leanopt_core.stage import Adopts, AskContext, Stage, StageStart
from leanopt_core.trial import Proposal, Signal, Trial

T = TypeVar("T")

#: The first calls are all watched for use of global random state, later ones now and then:
#: taking both states costs tens of microseconds.
_WATCHED = 64


class Guard:
    """Calls a plugin's code; what it raises, and its use of global random state, gets a name."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._calls = 0

    def call(self, doing: str, function: Callable[..., T], *arguments: object) -> T:
        """Return what `function` returns; raises PluginError naming the plugin and what it did."""
        self._calls += 1
        watch = self._calls <= _WATCHED or self._calls % _WATCHED == 0
        before = _global_states() if watch else None
        try:
            answer = function(*arguments)
        except LeanoptError:
            raise
        except (Exception, SystemExit) as error:
            raise self.fault(doing, f"it raised {type(error).__name__}: {error}") from error
        if before is not None and _global_states()[: len(before)] != before:
            raise self.fault(
                doing, "it used global random state; context.random() is the generator to use"
            )
        return answer

    def fault(self, doing: str, what: str) -> PluginError:
        """Return the error for what the plugin did wrong."""
        return PluginError(f"{self._label}, {doing}: {what}")


class ContainedStage:
    """Calls a method and checks what it answers; every fault is a PluginError naming `label`."""

    def __init__(
        self, factory: Callable[[StageStart], Stage], start: StageStart, label: str
    ) -> None:
        self._guard = Guard(label)
        self._space = start.space
        self._stage = self._guard.call("being built", factory, start)
        self.adopts = isinstance(self._stage, Adopts)

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Ask and check: a proposal for a feasible point of the grid, `WAIT` or `DONE`."""
        doing = f"asked for trial {context.number}"
        answer = self._guard.call(doing, self._stage.ask, context)
        if isinstance(answer, Signal):
            return answer
        if not isinstance(answer, Proposal):
            what = f"it returned {_short(answer)}, expected a Proposal, WAIT or DONE"
            raise self._guard.fault(doing, what)
        if not isinstance(answer.origin, str):
            what = f"it gave the origin {_short(answer.origin)}, expected a text"
            raise self._guard.fault(doing, what)
        return Proposal(self._checked(answer.point, doing), answer.origin)

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Hand over a stored proposal; only where `adopts` is true."""
        doing = f"given back trial {context.number}"
        self._guard.call(doing, cast("Adopts", self._stage).adopt, context, proposal)

    def tell(self, trial: Trial) -> None:
        """Tell a result."""
        self._guard.call(f"told trial {trial.number}", self._stage.tell, trial)

    def refused(self, point: Point, number: int) -> None:
        """Refuse a repeat proposed for trial `number`."""
        self._guard.call(f"refused a repeat for trial {number}", self._stage.refused, point)

    def _checked(self, point: object, doing: str) -> Point:
        try:
            levels = tuple(map(index, cast("Iterable[SupportsIndex]", point)))
        except TypeError:
            what = f"it proposed {_short(point)}, expected a level for each axis"
            raise self._guard.fault(doing, what) from None
        if not self._space.contains(levels):
            lengths = [len(axis) for axis in self._space.axes]
            what = f"it proposed {levels}, which is off the grid of {lengths} levels"
            raise self._guard.fault(doing, what)
        if violated := self._space.violated(levels):
            texts = ", ".join(repr(constraint.text) for constraint in violated)
            raise self._guard.fault(doing, f"it proposed {levels}, which violates {texts}")
        return levels


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _global_states() -> tuple[Any, ...]:
    """Return the states of the global generators, NumPy's only where it is loaded."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return (random.getstate(),)
    state = numpy_random.get_state(legacy=False)["state"]
    return (random.getstate(), state["pos"], state["key"].tobytes())
