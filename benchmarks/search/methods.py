"""The methods that are compared: pipelines of leanopt's stages, and peers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen
from peers import catcma
from peers.optuna_samplers import OptunaPeer, missing
from peers.plain_ga import RUN_ON, PlainGA

from leanopt_core.plugins import Kind, Registered, discover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peers import Peer

    from leanopt_core.plugins import Registry
    from leanopt_core.space import Space


#: How far ahead of its results a method is asked, unless said otherwise.
LOOKAHEAD: Final = 16
#: Seeds of a slow method at other lookaheads.
FEW: Final = 5
#: Evaluations of a run; the genetic algorithm that sets the level goes on to `ON`.
LAST, ON = 600, 3000


@frozen
class Part:
    """One stage of a pipeline: the method, its share of the trials (None: the rest), options."""

    use: str
    trials: int | None = None
    seed_from: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict)


@frozen
class Method:
    """A pipeline of `parts`, or a `peer`, and after how many evaluations its runs end.

    `few` says that it is slow: all seeds at the usual lookahead, `FEW` at the others.
    """

    name: str
    words: str
    parts: tuple[Part, ...] = ()
    peer: str | None = None
    few: bool = False
    last: int = LAST

    def seeds(self, lookahead: int, wanted: int) -> int:
        """Return how many of the wanted seeds run at a lookahead."""
        return min(wanted, FEW) if self.few and lookahead != LOOKAHEAD else wanted

    def lacks(self) -> str | None:
        """Return what is not installed and needed, None if nothing is."""
        if self.peer in SAMPLERS:
            return missing(SAMPLERS[self.peer])
        if self.peer == "catcma":
            return catcma.missing()
        stages = discovered().names(Kind.STAGE)
        if absent := [part.use for part in self.parts if part.use not in stages]:
            return f"stage {absent[0]}"
        samplers = [part.options["sampler"] for part in self.parts if "sampler" in part.options]
        return next(filter(None, map(missing, samplers)), None)


#: The pipeline that the documentation calls the default.
DEFAULT: Final = (Part("surrogate"),)

#: Optuna's samplers by the peer's name.
SAMPLERS: Final = {"plain_tpe": "tpe", "plain_cmaes": "cmaes", "plain_gp": "gp"}


_TABLE: Final = (
    Method("default", "leanopt's default", DEFAULT),
    Method("random", "points at random, none twice", (Part("random"),)),
    Method("ga", "leanopt's genetic algorithm", (Part("ga_deap"),)),
    Method(
        "ga_seeded",
        "leanopt's genetic algorithm, started from a Latin hypercube",
        (Part("lhs", 128), Part("ga_deap", seed_from=("lhs",))),
    ),
    Method(
        "climb",
        "a Latin hypercube, then uphill from its best",
        (Part("lhs", 64), Part("local_grid", options={"climb": True})),
    ),
    Method(
        "tpe",
        "Optuna's TPE without repeats",
        (Part("optuna", options={"sampler": "tpe"}),),
        few=True,
    ),
    Method(
        "cmaes", "Optuna's CMA-ES without repeats", (Part("optuna", options={"sampler": "cmaes"}),)
    ),
    Method(
        "gp",
        "Optuna's Gaussian process without repeats",
        (Part("optuna", options={"sampler": "gp"}),),
        few=True,
    ),
    Method("plain_ga", "a textbook genetic algorithm", peer="plain_ga", last=ON),
    Method("plain_tpe", "Optuna's TPE as its users call it", peer="plain_tpe", few=True),
    Method("plain_cmaes", "Optuna's CMA-ES as its users call it", peer="plain_cmaes"),
    Method("catcma", "CatCMA with margin, of the package cmaes", peer="catcma"),
    Method("plain_gp", "Optuna's Gaussian process as called", peer="plain_gp", few=True),
)

METHODS: Final[Mapping[str, Method]] = {method.name: method for method in _TABLE}


@cache
def discovered() -> Registry:
    """Return the installed plugins, looked up once a process."""
    return discover()


def stage(use: str) -> Registered:
    """Return the registered search method of a stage."""
    return discovered().entries[Kind.STAGE, use]


def make_peer(name: str, space: Space, seed: int) -> Peer:
    """Return a peer at its start."""
    if name == "plain_ga":
        return PlainGA(space, seed, RUN_ON)
    if name == "catcma":
        return catcma.CatCmaPeer(space, seed)
    return OptunaPeer(SAMPLERS[name], space, seed)
