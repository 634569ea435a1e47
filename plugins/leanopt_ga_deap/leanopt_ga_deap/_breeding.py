"""Makes children: selection, crossover and mutation, registered in a DEAP toolbox.

DEAP's own operators draw from the global random generator, so a search could not be repeated. These
draw from the generator of the ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deap.base import Toolbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from leanopt_core.api import Axis, Point
    from leanopt_ga_deap import GeneticOptions
    from leanopt_ga_deap._population import Individual

#: The share of moves on an ordered axis that are steps; the others go anywhere.
NEAR: Final = 0.5


def make_toolbox(options: GeneticOptions, axes: Sequence[Axis]) -> Any:
    """Return the operators `select`, `mate`, `mutate` and `step`; each takes a generator last."""
    free = [place for place, axis in enumerate(axes) if len(axis) > 1]
    tools = Toolbox()
    tools.register("select", tournament, size=options.tournament_size)
    tools.register("mate", uniform_crossover, share=options.crossover_prob)
    tools.register("mutate", mutation, axes, free, options.mutation_prob)
    tools.register("step", step, axes, free)
    return tools


def tournament(population: Sequence[Individual], random: Random, size: int) -> Individual:
    """Return the best of `size` individuals drawn without replacement."""
    drawn = random.sample(population, min(size, len(population)))
    return max(drawn, key=lambda individual: individual.fitness.wvalues)


def uniform_crossover(one: Point, two: Point, random: Random, share: float) -> Point:
    """Return a point with each level from either parent, or `one` itself without crossover."""
    if random.random() >= share:
        return one
    return tuple(random.choice(pair) for pair in zip(one, two, strict=True))


def mutation(
    axes: Sequence[Axis], free: Sequence[int], rate: float, point: Point, random: Random
) -> Point:
    """Return `point` with each free axis moved at this rate."""
    moved = [place for place in free if random.random() < rate]
    return _moved(axes, moved, point, random)


def step(
    axes: Sequence[Axis],
    free: Sequence[int],
    point: Point,
    random: Random,
    active: Sequence[bool] = (),
) -> Point:
    """Return `point` moved on exactly one axis, one of those that are `active` if any is given."""
    places = [place for place in free if active[place]] if active else free
    return _moved(axes, [random.choice(places)], point, random) if places else point


def _moved(axes: Sequence[Axis], places: Sequence[int], point: Point, random: Random) -> Point:
    levels = list(point)
    for place in places:
        move = _near if axes[place].ordered and random.random() < NEAR else _anywhere
        levels[place] = move(len(axes[place]), levels[place], random)
    return tuple(levels)


def _near(size: int, level: int, random: Random) -> int:
    """Return another level; all orders of magnitude of the distance are equally likely."""
    span = 1 << random.randrange((size - 1).bit_length())
    distance = random.randint(1, min(span, size - 1))
    sides = [to for to in (level - distance, level + distance) if 0 <= to < size]
    return random.choice(sides) if sides else _near(size, level, random)


def _anywhere(size: int, level: int, random: Random) -> int:
    """Return any other level, all equally likely."""
    other = random.randrange(size - 1)
    return other + (other >= level)
