"""The contract of a search method: it is asked for points and told results, a lookahead apart."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import field, frozen

from leanopt_core.canonical import derive_seed
from leanopt_core.read_only import read_only
from leanopt_core.space import Point, Space
from leanopt_core.trial import Proposal, Signal, Trial

if TYPE_CHECKING:
    from numpy.random import Generator


@frozen
class Told:
    """Summary of a told trial, as the history keeps it.

    `values` are the further named values of the fitness function, read-only. `pruned_at` is None if
    all scenarios judged the trial, else the last step that judged it, from 0; such trials never
    rank as best.
    `objective` ranks trials, the higher the better. `objectives` has one of each fitness function,
    in their order, the higher the better; it is empty without an objective.
    """

    number: int
    point: Point
    objective: float | None
    violation: float
    values: Mapping[str, float] = field(factory=dict, converter=read_only)
    pruned_at: int | None = None
    objectives: tuple[float, ...] = field()

    @objectives.default
    def _only(self) -> tuple[float, ...]:
        return () if self.objective is None else (self.objective,)

    @property
    def complete(self) -> bool:
        """Return whether all scenarios judged the trial."""
        return self.pruned_at is None

    @property
    def feasible(self) -> bool:
        """Return whether the trial has an objective and no violation."""
        return self.objective is not None and self.violation == 0


class History(Sequence[Told]):
    """Told trials in the order they were told; read-only."""

    @abstractmethod
    def best(self, count: int) -> list[Told]:
        """Return up to `count` trials by rank: feasible, then by violation, then the rest."""

    @abstractmethod
    def find(self, point: Point) -> Told | None:
        """Return the trial of this grid point, None if it has not been told."""


@frozen
class StageStart:
    """The arguments of a method.

    `seed` is this stage's seed. `trials` is its budget, None if the method decides when to end.
    `lookahead` is the number of trials proposed ahead of results. `seeds` are the told trials of
    the stages named by `seed_from`, in the order they were told; empty without any. `objectives` is
    how many objectives each told trial has that has any: one for each fitness function.
    `same_scale` is False if objectives of trials that were pruned at different steps, or not
    pruned, do not compare: then a step has fewer days.
    """

    space: Space
    seed: int
    trials: int | None
    lookahead: int
    seeds: History
    objectives: int = 1
    same_scale: bool = True


@frozen
class AskContext:
    """The information for one ask.

    `number` is the trial's number within the search. `attempt` counts from 0 the earlier asks for
    it that were refused or answered `WAIT`. `history` holds all told trials of this search, those
    of earlier stages first.
    """

    number: int
    attempt: int
    stage_seed: int
    history: History

    @property
    def seed(self) -> int:
        """Return this ask's seed, derived from the stage's seed, the number and the attempt."""
        return derive_seed(self.stage_seed, self.number, self.attempt)

    def random(self) -> Random:
        """Return a new standard-library generator, seeded for this ask."""
        return _random(self.seed)

    def generator(self) -> Generator:
        """Return a new NumPy generator, seeded for this ask."""
        return _generator(self.seed)


@frozen
class TellContext:
    """The information for one tell.

    `number` is the told trial's. `history` holds all told trials of this search, this one last.
    """

    number: int
    stage_seed: int
    history: History

    @property
    def seed(self) -> int:
        """Return this tell's seed, derived from the stage's seed and the number."""
        return derive_seed(self.stage_seed, "tell", self.number)

    def random(self) -> Random:
        """Return a new standard-library generator, seeded for this tell."""
        return _random(self.seed)

    def generator(self) -> Generator:
        """Return a new NumPy generator, seeded for this tell."""
        return _generator(self.seed)


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - reproducible search, nothing secret


def _generator(seed: int) -> Generator:
    from numpy.random import default_rng

    return default_rng(seed)


class Stage(Protocol):
    """A search method. Called on the main thread only, one call at a time.

    A method may say why it is done: its attribute `reason`, such as `local optimum`, is read when
    it answers `DONE`. If `ask` is expensive, it may also have `adopt(context, proposal)`; replay
    calls that with the stored proposal instead of asking.
    """

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return a proposal, `WAIT` to be asked after the next told trial, or `DONE`."""
        ...

    def tell(self, trial: Trial, context: TellContext) -> None:
        """Take a result; trials come one at a time, in the order of their numbers."""
        ...

    def refused(self, point: Point) -> None:
        """Handle that `point` repeats a trial of this search; `ask` is called again at once."""
        ...


@runtime_checkable
class Adopts(Protocol):
    """A method whose `ask` is expensive: replay passes it its stored proposals.

    Only for the version of its distribution that made or repeated them; another one is asked.
    """

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Take `proposal` as if `ask` had returned it."""
        ...
