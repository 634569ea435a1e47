"""The parts of a pipeline whose tables are read and checked together."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from leanopt_core.holdout import Holdout
from leanopt_core.pipeline.choose import read_choose
from leanopt_core.pipeline.cpcv import read_cpcv
from leanopt_core.pipeline.holdout import read_holdout
from leanopt_core.pipeline.objectives import read_fitness, read_scalar, refuse_soft
from leanopt_core.pipeline.parameters import (
    read_result_constraints,
    read_soft_constraints,
    read_space,
)
from leanopt_core.pipeline.prune import check_lengths, read_prune
from leanopt_core.pipeline.reader import Reader
from leanopt_core.pipeline.scenarios import Scenarios, check_warmup, read_scenarios
from leanopt_core.pipeline.search_table import read_search
from leanopt_core.pipeline.settings import Choice, Objective
from leanopt_core.pipeline.splits import Split
from leanopt_core.pipeline.tables import (
    ChooseTable,
    ConstraintsTable,
    PruneTable,
    SearchSettings,
    TopTable,
)
from leanopt_core.pipeline.walk_forward import read_walk_forward
from leanopt_core.scoring import ResultConstraint, SoftConstraint
from leanopt_core.space import Formula, Space

#: The document: every table, empty or None if it is absent.
Raw = Mapping[str, object]


@frozen
class Parameters:
    """`[parameters]` and `[constraints]`: the points, and which results are feasible."""

    space: Space | None
    constraints: tuple[ResultConstraint, ...]
    soft: tuple[SoftConstraint, ...]

    @classmethod
    def read(cls, raw: Raw, reader: Reader, *, searched: bool) -> Parameters:
        """Return what is valid; report errors."""
        given = reader.table(raw["constraints"], ("constraints",), ConstraintsTable)
        limits = given or ConstraintsTable()
        space = read_space(raw["parameters"], limits, reader, searched=searched)
        constraints = read_result_constraints(limits, reader)
        return cls(space, constraints, read_soft_constraints(limits, reader))


@frozen
class Days:
    """`[scenario]`, `[walk_forward]`, `[cpcv]`, `[holdout]`: which days judge and test trials."""

    scenarios: Scenarios
    split: Split | None
    holdout: Holdout | None

    @classmethod
    def read(
        cls, raw: Raw, reader: Reader, engine: Choice | None, *, symbol: str | None, searched: bool
    ) -> Days:
        """Return what is valid; report errors, and warm-up days that the engine does not take."""
        found = read_scenarios(raw["scenario"], reader, raw["parameters"], symbol)
        # Searches are split: a single point is backtested on all days.
        split = _split(raw, reader, found if searched else None)
        found = found.warmed(split.warmup) if split else found
        holdout = read_holdout(raw["holdout"], reader, found.scenarios)
        if engine:
            check_warmup(found.scenarios, engine, reader.problems)
        return cls(found, split, holdout)

    @property
    def most(self) -> int:
        """Return the most scenarios that judge a trial."""
        return self.scenarios.most * (self.split.spans if self.split else 1)


@frozen
class Judges:
    """`[fitness]`, or `[[fitness]]` and `scalar`: what trials are worth."""

    fitness: Choice | None
    objectives: tuple[Objective, ...]
    scalar: Formula | None
    #: Whether there are several tables, valid or not.
    several: bool

    @classmethod
    def read(cls, raw: Raw, reader: Reader, general: TopTable | None) -> Judges:
        """Return what is valid; report errors."""
        fitness, objectives = read_fitness(raw["fitness"], reader)
        scalar = read_scalar(general.scalar if general else None, objectives, reader)
        return cls(fitness, objectives, scalar, isinstance(raw["fitness"], list))

    @property
    def functions(self) -> tuple[Choice, ...]:
        """Return all fitness functions, in their order."""
        several = tuple(one.choice for one in self.objectives)
        return several or ((self.fitness,) if self.fitness else ())


@frozen
class Rules:
    """`[prune]`, `[search]`, `[choose]`: how many backtests trials get, and which is chosen."""

    prune: PruneTable | None
    search: SearchSettings | None
    choose: ChooseTable | None

    @classmethod
    def read(
        cls,
        raw: Raw,
        reader: Reader,
        engine: Choice | None,
        parameters: Parameters,
        days: Days,
        judges: Judges,
        *,
        searched: bool,
    ) -> Rules:
        """Return what is valid; report errors, and what does not go with the other parts.

        Where nothing is `searched`, it decides nothing how many scenarios a trial has.
        """
        several = judges.several
        most = days.most if searched else None
        prune = read_prune(raw["prune"], reader, most, several=several)
        steps = 1 + len(prune.lengths) if prune else 1
        search = read_search(raw["search"], reader, judges.functions, most, steps)
        if searched and prune and prune.lengths and prune.use == "halving":
            check_lengths(prune, engine, days.scenarios, days.split, reader)
        if several and parameters.soft:
            refuse_soft(reader.problems)
        choose = read_choose(
            raw["choose"],
            reader,
            space=parameters.space if searched else None,
            prune=prune if searched else None,
            fitness=judges.fitness,
            several=several,
        )
        return cls(prune, search, choose)


def _split(raw: Raw, reader: Reader, read: Scenarios | None) -> Split | None:
    """Read `[walk_forward]` and `[cpcv]`, of which a pipeline has one at most."""
    windows = read_walk_forward(raw["walk_forward"], reader, read)
    groups = read_cpcv(raw["cpcv"], reader, read)
    if raw["walk_forward"] is not None and raw["cpcv"] is not None:
        expected = "expected no [walk_forward] beside it: a run splits its days in one way"
        reader.problems.add(("cpcv",), "[cpcv]", expected)
    return windows or groups
