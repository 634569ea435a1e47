"""The contract of a search method: asked for points, told results, at a fixed distance."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import frozen

from leanopt_core.canonical import derive_seed
from leanopt_core.space import Point, Space
from leanopt_core.trial import Proposal, Signal, Trial

if TYPE_CHECKING:
    from numpy.random import Generator


@frozen
class Told:
    """One told trial in brief, as the history keeps it."""

    number: int
    point: Point
    objective: float | None
    violation: float

    @property
    def feasible(self) -> bool:
        """Say whether the trial has an objective and violates nothing."""
        return self.objective is not None and self.violation == 0


class History(Sequence[Told]):
    """Told trials in the order they were told; read-only."""

    @abstractmethod
    def best(self, count: int) -> list[Told]:
        """Return up to `count` trials by rank: feasible ones, then by violation, then the rest."""

    @abstractmethod
    def find(self, point: Point) -> Told | None:
        """Return the trial of this point of the grid, None where it has not been told."""


@frozen
class StageStart:
    """What a method is built with.

    `seed` is this stage's own. `trials` is its budget, None where only its own end counts.
    `lookahead` says how far its proposals run ahead of its results. `seeds` are the told trials
    of the stage named by `seed_from`, empty where none is named.
    """

    space: Space
    seed: int
    trials: int | None
    lookahead: int
    seeds: History


@frozen
class AskContext:
    """What a method knows when it is asked.

    `number` is the trial's number within the search; `attempt` counts the asks for it that were
    refused or answered `WAIT`, from 0. `history` holds every trial of this search that has been
    told, earlier stages' first.
    """

    number: int
    attempt: int
    stage_seed: int
    history: History

    @property
    def seed(self) -> int:
        """Return this ask's own seed, made from the stage's seed, the number and the attempt."""
        return derive_seed(self.stage_seed, self.number, self.attempt)

    def random(self) -> Random:
        """Return a fresh standard-library generator seeded for this very ask."""
        return Random(self.seed)  # noqa: S311 - reproducible search, nothing secret

    def generator(self) -> Generator:
        """Return a fresh NumPy generator seeded for this very ask."""
        from numpy.random import default_rng

        return default_rng(self.seed)


class Stage(Protocol):
    """A search method. Called on the main thread only, one call at a time.

    A method may say why it is done: a text in its attribute `reason`, as `local optimum`, read when
    it answers `DONE`. It may also offer `adopt(context, proposal)`, which replay calls with the
    stored proposal instead of asking, where asking is dear.
    """

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return a proposal, `WAIT` for one more told trial, or `DONE`."""
        ...

    def tell(self, trial: Trial) -> None:
        """Learn a result; trials come one at a time in the order of their numbers."""
        ...

    def refused(self, point: Point) -> None:
        """Learn that `point` repeats a trial of this search; it will be asked again at once."""
        ...


@runtime_checkable
class Adopts(Protocol):
    """A method whose asks are dear: replay hands it what it proposed before."""

    def adopt(self, context: AskContext, proposal: Proposal) -> None:
        """Take `proposal` as if `ask` had returned it."""
        ...
