"""The search method itself: it breeds one child per ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leanopt_core.api import DONE, ComparableObjectives, Proposal, Signal
from leanopt_ga_deap._breeding import make_toolbox
from leanopt_ga_deap._population import Individual, Judge, Population
from leanopt_ga_deap._progress import CloneProgress, Progress

if TYPE_CHECKING:
    from random import Random

    from leanopt_core.api import AskContext, History, Point, StageStart, TellContext, Trial
    from leanopt_ga_deap import GeneticOptions

#: How often to breed again if a child is known or infeasible, before a random point replaces it.
TRIES: Final = 20
#: The same with clones, which are children: more than a converged population breeds in a row.
CLONES: Final = 1000
#: How many individuals leave per child until the population has narrowed.
LEAVING: Final = 2
#: A population has collapsed below this mean distance from the best, in steps per axis.
COLLAPSED: Final = 0.35
#: It has stalled after so many times its size of children in a row that did not beat its worst.
STALLED: Final = 2


class GeneticSearch:
    """Breeds a child of the population at each ask; no point is proposed twice.

    The population begins with `population_size` random points and narrows as children come, which
    shifts it from exploration to exploitation. When it has collapsed, the best stays and random
    points replace the others.
    """

    def __init__(self, options: GeneticOptions, start: StageStart) -> None:
        self._options = options
        self._space = start.space
        self._tools = make_toolbox(options, start.space.axes)
        self._random_points = start.space.sample(start.seed)
        self._seen: set[Point] | None = None
        self._population = Population(options.population_size)
        self._judge = Judge(ComparableObjectives(start.same_scale))
        for told in start.seeds.best(options.n_seeds):
            if told.feasible or told.violation > 0:
                fitness = self._judge.fitness(told)
                self._population.offer(Individual(fitness, told.number, told.point))
        self._fresh = options.population_size - len(self._population.members)
        self._clones = (
            CloneProgress(options, self._fresh, self._population) if options.clones else None
        )
        self._progress = self._clones or Progress(options, self._fresh)
        self._stalled = 0
        #: Why the search ended, empty until then.
        self.reason = ""

    def ask(self, context: AskContext) -> Proposal | Signal:
        """Return random points for the first population, then children; `DONE` at the end."""
        if self._seen is None:
            self._seen = set()
            for told in context.history:
                self._seen.add(told.point)
                self._judge.fitness(told)
        self.reason = self._progress.end() or ""
        proposal = None if self.reason else self._proposal(context, self._seen)
        if proposal is None:
            self.reason = self.reason or self._progress.end() or "no point left"
            return DONE
        self._progress.ask()
        self._seen.add(proposal.point)
        return proposal

    def tell(self, trial: Trial, context: TellContext) -> None:  # noqa: ARG002 - the contract's
        """Offer the individual to the population; narrow or restart it if due."""
        fitness = self._judge.fitness(trial.score)
        breeding = self._progress.breeding
        entered = self._population.offer(Individual(fitness, trial.number, trial.point))
        self._progress.tell(fitness)
        self._stalled = 0 if entered else self._stalled + 1
        if breeding:
            self._narrow()
            if self._options.restart and self._collapsed():
                self._restart()

    def refused(self, point: Point) -> None:
        """Learn nothing: all points that were proposed or tried are known already."""

    def _proposal(self, context: AskContext, seen: set[Point]) -> Proposal | None:
        if self._fresh > 0:
            self._fresh -= 1
        elif len(self._population.members) > 1:
            child = self._child(context, seen)
            if child is not None or self._progress.end():
                return child
        point = next((point for point in self._random_points if point not in seen), None)
        because = {"generation": self._progress.generation}
        return None if point is None else Proposal(point, "random", because)

    def _child(self, context: AskContext, seen: set[Point]) -> Proposal | None:
        """Return a new feasible child, None if there is none or clones end the search.

        One that repeats a known point is moved by a step, or enters as a clone.
        """
        tools, members, random = self._tools, self._population.members, context.random()
        for _ in range(CLONES if self._clones else TRIES):
            one, two = tools.select(members, random), tools.select(members, random)
            mated: Point = tools.mate(one.point, two.point, random)
            mutated = self._space.canonical(tools.mutate(mated, random))
            if self._clones and mutated in seen:
                self._enter_again(mutated, context.history)
                self._clones.clone()
                if self._clones.end():
                    return None
                continue
            child = self._stepped(mutated, random) if mutated in seen else mutated
            if child not in seen and self._space.feasible(child):
                # Without crossover the first parent's own point is mutated.
                crossed = mated is not one.point
                because = {
                    "generation": self._progress.generation,
                    "parents": [one.number, two.number] if crossed else [one.number],
                    "crossover": crossed,
                    "mutation": mutated != self._space.canonical(mated),
                    "step": child != mutated,
                }
                return Proposal(child, "child", because)
        return None

    def _enter_again(self, point: Point, history: History) -> None:
        """Offer a point that was tried before; if its trial is outstanding it enters when told."""
        told = history.find(point)
        if told is not None:
            self._population.offer(Individual(self._judge.fitness(told), told.number, point))

    def _stepped(self, point: Point, random: Random) -> Point:
        active = self._space.active(point)
        return self._space.canonical(self._tools.step(point, random, active))

    def _narrow(self) -> None:
        size, least = self._population.size, self._options.final_population_size
        if size > least:
            self._population.narrow(max(least, size - LEAVING))

    def _collapsed(self) -> bool:
        """Return whether the population has lost its diversity, or accepts no child any more.

        Diversity is checked once per generation: it takes longer than an ask.
        """
        population = self._population
        if not population.full or population.size > self._options.final_population_size:
            return False
        if self._stalled >= STALLED * population.size:
            return True
        due = self._progress.told % self._options.batch_size == 0
        return due and population.spread(self._space.axes) < COLLAPSED

    def _restart(self) -> None:
        self._population.keep_best()
        self._fresh = self._population.size - 1
        self._stalled = 0


def create(options: GeneticOptions, start: StageStart) -> GeneticSearch:
    """Return the genetic search of the whole space."""
    return GeneticSearch(options, start)
