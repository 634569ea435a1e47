"""The steady-state genetic algorithm: registration and options, nothing heavy."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from leanopt_core.api import StageSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GeneticOptions", "leanopt_stages"]

LEANOPT_API_VERSION = 2

_SHARE = validators.and_(validators.ge(0.0), validators.le(1.0))


@frozen
class GeneticOptions:
    """The options of `ga_deap`."""

    population_size: int = field(
        default=125,
        validator=validators.ge(2),
        metadata={"help": "random individuals at the start", "bounds": "2 or more"},
    )
    final_population_size: int = field(
        default=20,
        validator=validators.ge(2),
        metadata={
            "help": "individuals at the end of the narrowing",
            "bounds": "2 or more",
        },
    )
    n_generations: int = field(
        default=73,
        validator=validators.ge(0),
        metadata={
            "help": "generations of children, after which the search ends",
            "bounds": "0 or more",
        },
    )
    batch_size: int = field(
        default=15,
        validator=validators.ge(1),
        metadata={"help": "children per generation", "bounds": "1 or more"},
    )
    crossover_prob: float = field(
        default=0.95,
        validator=_SHARE,
        metadata={"help": "probability that a child has two parents", "bounds": "0 to 1"},
    )
    mutation_prob: float = field(
        default=0.05,
        validator=_SHARE,
        metadata={"help": "probability that a parameter of a child changes", "bounds": "0 to 1"},
    )
    tournament_size: int = field(
        default=3,
        validator=validators.ge(1),
        metadata={
            "help": "candidates in a tournament; the best becomes a parent",
            "bounds": "1 or more",
        },
    )
    early_stopping_generations: int = field(
        default=15,
        validator=validators.ge(0),
        metadata={
            "help": "generations without a gain, after which the search ends (0: never)",
            "bounds": "0 or more",
        },
    )
    early_stopping_min_delta: float = field(
        default=0.01,
        validator=validators.and_(validators.ge(0.0), validators.lt(inf)),
        metadata={
            "help": "smallest increase of the best fitness that counts as a gain",
            "bounds": "0 or more",
        },
    )
    n_seeds: int = field(
        default=10,
        validator=validators.ge(0),
        metadata={
            "help": "best trials of the stages in `seed_from` in the first population",
            "bounds": "0 or more",
        },
    )
    restart: bool = field(
        default=True,
        metadata={"help": "restart around the best when diversity is lost"},
    )
    clones: bool = field(
        default=False,
        metadata={
            "help": "let a child that repeats a point enter again, and count it, as lean-optimizer",
            "rare": True,
        },
    )

    @property
    def most_trials(self) -> int:
        """Return how many trials the search has if nothing ends it before."""
        return self.population_size + self.n_generations * self.batch_size


@hookimpl
def leanopt_stages() -> Sequence[StageSpec]:
    """Register the search method `ga_deap`."""
    return [
        StageSpec(
            "ga_deap",
            "leanopt_ga_deap._impl:create",
            GeneticOptions,
            "Steady-state genetic algorithm: children of good points replace the worst",
        )
    ]
