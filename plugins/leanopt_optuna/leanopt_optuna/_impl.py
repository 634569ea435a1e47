"""The search method itself: proposes the sampler's points, moved if they are not new."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from leanopt_core.api import DONE, Proposal, Signal
from leanopt_optuna._free import FreePoints
from leanopt_optuna._study import GridStudy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import Trial as OptunaTrial

    from leanopt_core.api import AskContext, Point, StageStart, TellContext, Trial
    from leanopt_optuna._options import OptunaOptions

#: How often to sample for a new point before taking the nearest one. A model takes as long each
#: time and returns to the same region: with two samples, TPE found nothing better.
SAMPLES: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(("tpe", "motpe", "gp", "mogp"), 1)
    | {"cmaes": 3}
    | dict.fromkeys(("nsgaii", "nsgaiii", "qmc", "random"), 10)
)


class OptunaSearch:
    """Proposes a sampler's points, each once, and none that violates a constraint."""

    def __init__(self, options: OptunaOptions, start: StageStart) -> None:
        self._name = options.sampler
        self._start = start
        self._study = GridStudy(options, start)
        self._free: FreePoints | None = None
        self._outstanding: dict[int, OptunaTrial] = {}
        #: Why the search ended, empty until then.
        self.reason = ""

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return the sampler's point, the nearest free one, or any; `DONE` if none is left."""
        free, trial = self._points(context), self._study.open()
        proposal = self._proposal(trial, free, context)
        if proposal is None:
            self.reason = "no point left"
            return DONE
        self._take(trial, context, proposal.point)
        return proposal

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Take a stored proposal; a TPE that learns is not asked, other samplers are."""
        free, trial = self._points(context), self._study.open()
        if not self._study.pass_over(trial):
            self._proposal(trial, free, context)
        self._take(trial, context, proposal.point)

    def _points(self, context: AskContext) -> FreePoints:
        if self._free is None:
            told = (told.point for told in context.history)
            self._free = FreePoints(self._start.space, self._start.seed, told)
        return self._free

    def _take(self, trial: OptunaTrial, context: AskContext, point: Point) -> None:
        self._study.place(trial, point)
        self._points(context).take(point)
        self._outstanding[context.number] = trial

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Tell the sampler."""
        self._study.tell(self._outstanding.pop(trial.number), trial.score)

    def refused(self, point: Point) -> None:
        """Learn nothing: all points that were proposed or tried are known already."""

    def _proposal(
        self, trial: OptunaTrial, free: FreePoints, context: AskContext
    ) -> Proposal | None:
        samples = SAMPLES[self._name]
        for number in range(1, samples + 1):
            point = self._study.sample(trial)
            if free.has(point):
                return Proposal(point, self._name, self._because(number))
        near = free.nearest(point, context.random())
        if near is not None:
            moved = sum(one != two for one, two in zip(point, near, strict=True))
            because = {**self._because(samples), "moved_axes": moved}
            return Proposal(near, f"{self._name}: nearest", because)
        if (substitute := free.any()) is None:
            return None
        return Proposal(substitute, f"{self._name}: random", self._because(samples))

    def _because(self, samples: int) -> dict[str, object]:
        return {"sampler": self._name, "samples": samples}


def create(options: OptunaOptions, start: StageStart) -> OptunaSearch:
    """Return the stage of one of Optuna's samplers."""
    return OptunaSearch(options, start)
