"""Things a method must not depend on: global random state, the clock, the process."""

from __future__ import annotations

import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

import pytest

from leanopt_core.space import Point
from leanopt_core.testing import spaces
from leanopt_core.testing.driving import Build
from leanopt_core.testing.limits import Limits, OverLimitError
from leanopt_core.testing.searching import Searching

_DAY = 86400


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of Python and (if loaded) NumPy for the block."""
    numpy = sys.modules.get("numpy.random")
    kept, kept_there = random.getstate(), numpy and numpy.get_state()
    random.seed(seed)
    if numpy:
        numpy.seed(seed)
    try:
        yield
    finally:
        random.setstate(kept)
        if numpy:
            numpy.set_state(kept_there)


def states() -> list[object]:
    """Return the states of the global generators, NumPy's last and only if it is loaded."""
    found: list[object] = [random.getstate()]
    if "numpy.random" in sys.modules:
        name, keys, *rest = sys.modules["numpy.random"].get_state()
        found.append((name, keys.tobytes(), *rest))
    return found


def put_clocks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set every clock of `time` a day ahead."""
    for name in ("time", "monotonic", "perf_counter"):
        for clock, day in ((name, _DAY), (f"{name}_ns", _DAY * 10**9)):
            monkeypatch.setattr(time, clock, partial(_later, getattr(time, clock), day))


def elsewhere(build: Build, trials: int, limit: float = 60.0) -> list[Point] | None:
    """Return the points that another process proposes, None if it cannot import `build`.

    Texts have other hashes there, so sets of texts have another order. A call of the method may
    take `limit` seconds.
    """
    try:
        packed = pickle.dumps(build)
    except (AttributeError, TypeError, pickle.PicklingError):
        return None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", "4711")
        with get_context("spawn").Pool(1) as pool:
            return pool.apply(_points, (packed, trials, limit))


def _points(packed: bytes, trials: int, limit: float) -> list[Point] | None:
    try:
        build: Build = pickle.loads(packed)  # noqa: S301 - packed by `elsewhere`
    except (AttributeError, ImportError):
        return None
    try:
        return Searching(build, trials, Limits(limit))(spaces.every_kind()).points
    except OverLimitError as error:
        # A pool does not pass on what is no `Exception`.
        raise AssertionError(str(error)) from None


def _later(clock: Callable[[], float], by: float) -> float:
    return clock() + by
