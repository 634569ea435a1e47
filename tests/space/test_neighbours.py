"""Points near a point: against the distance between all points."""

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import SpaceError
from leanopt_core.space import Axis, ParameterConstraint, Space


def steps(axis, one, other):
    """Return how many steps two levels are apart; choices are all one step apart."""
    return abs(one - other) if axis.ordered else int(one != other)


axes = st.lists(
    st.builds(Axis.integers, st.just("x"), st.just(1), st.integers(1, 6))
    | st.builds(lambda n: Axis.choices("x", range(n)), st.integers(1, 4)),
    min_size=1,
    max_size=3,
)


def named(axes):
    """Return the axes as x0, x1, ..."""
    return [type(axis)(f"x{i}", axis.kind, axis.values) for i, axis in enumerate(axes)]


@given(axes, st.integers(1, 4), st.booleans(), st.data())
def test_neighbours_are_the_feasible_points_within_the_radius(axes, radius, limited, data):
    """One axis differs, or any number of them: each point once, in the order promised."""
    axes = named(axes)
    texts = ["x0 % 2 == 1"] if limited else []
    space = Space(axes, {}, [ParameterConstraint.parse(text, ["x0"]) for text in texts])
    point = space.point_at(data.draw(st.integers(0, space.grid_size - 1)))
    box, cross, ordered = [], [], []
    for other in product(*(range(len(axis)) for axis in axes)):
        away = [steps(axis, *pair) for axis, *pair in zip(axes, point, other, strict=True)]
        value = axes[0].values[other[0]]
        if max(away) > radius or other == point or (limited and value % 2 != 1):
            continue
        box.append(other)
        changed = [i for i, distance in enumerate(away) if distance]
        if len(changed) == 1:
            cross.append((changed[0], other))
            if axes[changed[0]].ordered:
                ordered.append((changed[0], max(away), other))
    assert list(space.neighbours(point, radius, "chebyshev")) == box
    assert list(space.neighbours(point, radius)) == [other for _, other in sorted(cross)]
    assert list(space.neighbours(point, radius, "steps")) == [one[-1] for one in sorted(ordered)]


def test_neighbours_of_a_point_on_long_axes_cost_nothing():
    """They come one at a time."""
    space = Space((Axis.integers("x", 1, 10**15), Axis.integers("y", 1, 10**15)))
    near = space.neighbours((5, 5), 10**15)
    assert list(islice(near, 6)) == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (6, 5)]
    near = space.neighbours((0, 0), 10**15, "chebyshev")
    assert list(islice(near, 2)) == [(0, 1), (0, 2)]
    near = space.neighbours((5, 5), 10**15, "steps")
    assert list(islice(near, 4)) == [(4, 5), (6, 5), (3, 5), (7, 5)]


@pytest.mark.parametrize(
    ("radius", "metric", "message"),
    [
        (0, "axis", "radius must be 1 or more, found 0"),
        (1, "chebishev", "no metric 'chebishev'; did you mean 'chebyshev'?"),
    ],
)
def test_a_radius_or_metric_that_makes_no_sense_is_refused(radius, metric, message):
    """At once, before anything is asked for."""
    with pytest.raises(SpaceError) as caught:
        Space((Axis.integers("x", 1, 5),)).neighbours((0,), radius, metric)
    assert str(caught.value) == message
