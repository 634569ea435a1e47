"""Run searches for the stage kit: calls limited, and each fault named by the rule it breaks."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from leanopt_core.errors import LeanoptError, ResumeError
from leanopt_core.search.commands import StageRule
from leanopt_core.space import Space
from leanopt_core.stage import History, Stage, StageStart, TellContext, Told
from leanopt_core.testing import stage_rules as rules
from leanopt_core.testing.driving import Build, Search, drive, rule
from leanopt_core.testing.limits import Limits, OverLimitError
from leanopt_core.testing.outcomes import several
from leanopt_core.trial import Trial

#: Words of the core's messages, and the rule that a method has broken then.
FAULTS: Final = (
    ("it raised", rules.RAISES),
    ("global random state", rules.GENERATORS),
    ("off the grid", rules.POINT),
    ("is inactive", rules.CANONICAL),
    ("violates", rules.POINT),
    ("a tuple of ints", rules.POINT),
    ("WAIT", rules.WAIT),
    ("expected a Proposal", rules.ASK),
    ("because", rules.BECAUSE),
)


@frozen
class Searching:
    """Searches with the method that `build` builds, of `trials` trials unless another is given.

    A judge of one objective that is given becomes one of `objectives`.
    """

    build: Build
    trials: int
    limits: Limits
    objectives: int = 1

    def __call__(self, space: Space, **how: Any) -> Search:
        """Run a search with only this method."""
        return self.run(space, [self.rule()], **how)

    def rule(self, trials: int | None = None, seed_from: tuple[str, ...] = ()) -> StageRule:
        """Return the stage under test, with its calls limited."""
        return rule(self._build, trials or self.trials, seed_from)

    def run(self, space: Space, stages: Sequence[StageRule], **how: Any) -> Search:
        """Run a search; fail with the rule that the method breaks."""
        if judge := how.pop("judge", None):
            how["judge"] = several(judge, space, self.objectives)
        try:
            return drive(space, stages, objectives=self.objectives, **how)
        except LeanoptError as error:
            late = _late(error)
            if late is not None:
                # Not a failure of an example: hypothesis would look for a simpler one.
                raise late from None
            raise AssertionError(f"{_broken(error)}; {error}") from error

    def _build(self, start: StageStart) -> Stage:
        return self.limits.of(self.limits.run("build", lambda: self.build(start)))


@frozen
class Watched:
    """Builds the method, and copies what it is told to compare it afterwards."""

    build: Build
    told: list[tuple[Trial, Trial]] = field(factory=list)
    histories: list[tuple[History, list[Told]]] = field(factory=list)

    def __call__(self, start: StageStart) -> Stage:
        """Build the method."""
        self.keep(start.seeds)
        return cast("Stage", _Watching(self.build(start), self))

    def changed(self) -> list[str]:
        """Return what the method has changed of what it was told."""
        trials = [f"trial {kept.number}" for trial, kept in self.told if trial != kept]
        lists = [f"a history of {len(k)} trials" for h, k in self.histories if list(h) != k]
        return [*trials, *lists]

    def keep(self, history: History) -> None:
        """Copy a history."""
        self.histories.append((history, deepcopy(list(history))))


class _Watching:
    """Passes calls on, and keeps what is told."""

    def __init__(self, method: Stage, watch: Watched) -> None:
        self._method = method
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)

    def tell(self, trial: Trial, context: TellContext) -> None:
        self._watch.told.append((trial, deepcopy(trial)))
        self._watch.keep(context.history)
        self._method.tell(trial, context)


def watched(searching: Searching) -> tuple[Searching, Watched]:
    """Return the same searches with a method that is watched, and who watches it."""
    watch = Watched(searching.build)
    return evolve(searching, build=watch), watch


def _late(error: BaseException) -> OverLimitError | None:
    cause = error.__cause__
    return cause if isinstance(cause, OverLimitError) else None


def _broken(error: LeanoptError) -> str:
    """Return the rule that a method has broken, from the core's message."""
    if isinstance(error, ResumeError):
        return rules.REPLAY
    found = (rule for words, rule in FAULTS if words in str(error))
    return next(found, rules.RAISES)
