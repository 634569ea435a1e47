"""Call search methods, and report contract violations as PluginError."""

from __future__ import annotations

from collections.abc import Callable
from operator import index, methodcaller
from typing import Final

from leanopt_core.canonical import strict_json
from leanopt_core.search.calls import Calls
from leanopt_core.search.guard import MAPPINGS, RepeatableGuard, storable
from leanopt_core.shown import reason_text, shown, told
from leanopt_core.space import Point
from leanopt_core.stage import Adopts, AskContext, Stage, StageStart, TellContext
from leanopt_core.trial import Proposal, Signal, Trial

_METHODS: Final = ("ask", "tell", "refused")

#: The most bytes that a proposal's `because` may have as JSON.
_BECAUSE: Final = 4096


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
        if self.adopts:
            self._guard.needs(self._stage, ("adopt",), "being built")

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Ask, and check the answer: a proposal for a feasible grid point, `WAIT` or `DONE`."""
        doing = f"asked for trial {context.number}"
        answer = self._call(doing, "ask", context)
        return answer if isinstance(answer, Signal) else self._proposal(answer, doing)

    def because(self, because: object, number: int) -> str:
        """Return the JSON text of a proposal's `because`."""
        doing = f"asked for trial {number}"
        if not isinstance(because, MAPPINGS):
            what = f"it gave the because {shown(because)}, expected a dict of JSON values"
            raise self._guard.fault(doing, what)
        try:
            # Most are small dicts of numbers: nothing of them is copied.
            text = strict_json(because if type(because) is dict else dict(because))
            size = len(text) if text.isascii() else len(text.encode())
        except Exception as error:
            what = f"it gave a because that is not JSON: {told(error)}"
            raise self._guard.fault(doing, what) from error
        if size > _BECAUSE:
            what = f"it gave a because of {size} bytes as JSON, expected {_BECAUSE} at most"
            raise self._guard.fault(doing, what)
        return text

    def reason(self) -> str:
        """Return the method's reason for being done, shortened; empty if it has none."""
        reason = self._guard.call("asked why it is done", getattr, self._stage, "reason", "")
        return reason_text(reason) if isinstance(reason, str) and storable(reason) else ""

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
        levels = self._checked(answer.point, doing)
        if levels is answer.point and type(answer) is Proposal:
            return answer
        return Proposal(levels, answer.origin, answer.because)

    def _checked(self, point: object, doing: str) -> Point:
        levels = point if type(point) is tuple and self._space.contains(point) else None
        if levels is None:
            levels = self._plain(point, doing)
        if not self._space.feasible(levels):
            raise self._guard.fault(doing, f"it proposed {levels}, {self._problem(levels)}")
        return levels

    def _problem(self, levels: Point) -> str:
        """Return why a point of the grid is not feasible."""
        if (canonical := self._space.canonical(levels)) != levels:
            pairs = zip(self._space.names, levels, canonical, strict=True)
            names = ", ".join(repr(name) for name, own, first in pairs if own != first)
            return f"where {names} is inactive; expected canonical(point), which is {canonical}"
        texts = (repr(constraint.text) for constraint in self._space.violated(levels))
        return f"which violates {', '.join(texts)}"

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


def _levels(point: object) -> Point | None:
    """Return the point with NumPy ints as Python ints, None if it is not a tuple of ints."""
    if not isinstance(point, tuple) or any(isinstance(level, bool) for level in point):
        return None
    try:
        return tuple(map(index, point))
    except TypeError:
        return None
