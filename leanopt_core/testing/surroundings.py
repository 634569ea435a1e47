"""Things a method must not depend on: global random state, the clock, the process."""

from __future__ import annotations

import datetime as dt
import pickle
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any, Final, TypeAlias

import pytest

from leanopt_core.space import Point
from leanopt_core.testing import spaces
from leanopt_core.testing.driving import Build, scanned
from leanopt_core.testing.limits import Limits, OverLimitError
from leanopt_core.testing.searching import Searching

_DAY = 86400
_ONE_DAY: Final = dt.timedelta(seconds=_DAY)
_NOW: Final = dt.datetime
#: Packages whose clocks must go on as they are, beside those of Python.
_APART: Final = ("leanopt_core", "_pytest", "pytest", "hypothesis", "xdist", "execnet")

Planned: TypeAlias = tuple[Point, str]


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
    """Set the clocks of `time` and `datetime` a day ahead, also those imported by name."""
    ahead: dict[int, object] = {id(dt.datetime): _DatetimeAhead, id(dt.date): _DateAhead}
    for name in ("time", "monotonic", "perf_counter"):
        for clock, day in ((name, _DAY), (f"{name}_ns", _DAY * 10**9)):
            ahead[id(getattr(time, clock))] = partial(_later, getattr(time, clock), day)
    for module in list(sys.modules.values()):
        if module in (time, dt) or not _apart(getattr(module, "__name__", "")):
            for name, value in list(vars(module).items()):
                if id(value) in ahead:
                    monkeypatch.setattr(module, name, ahead[id(value)])


def _apart(module: str) -> bool:
    """Return whether a module belongs to Python, the tests or leanopt, whose clocks must go on."""
    package = module.partition(".")[0]
    return package in sys.stdlib_module_names or package in _APART


class _SameKind(type):
    """Of the same kind are values of the class that it takes the place of."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])


class _DateAhead(dt.date, metaclass=_SameKind):
    @classmethod
    def today(cls) -> Any:
        return dt.date.fromordinal(_NOW.today().toordinal() + 1)


class _DatetimeAhead(dt.datetime, metaclass=_SameKind):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return _NOW.now(tz) + _ONE_DAY

    @classmethod
    def utcnow(cls) -> Any:
        return _NOW.now(dt.UTC).replace(tzinfo=None) + _ONE_DAY

    @classmethod
    def today(cls) -> Any:
        return cls.now()


def elsewhere(
    build: Build, trials: int, limit: float = 60.0, *, objectives: int = 1
) -> list[Planned] | None:
    """Return what another process proposes, None if it cannot import `build`.

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
            return pool.apply(_planned, (packed, trials, limit, objectives))


def plan(searching: Searching) -> list[Planned]:
    """Return the points of two searches with their origins: alone, and after another stage."""
    space = spaces.every_kind()
    after = [scanned(12), searching.rule(seed_from=("earlier",))]
    commands = [*searching(space).proposed, *searching.run(space, after).proposed]
    return [(command.proposal.point, command.proposal.origin) for command in commands]


def _planned(packed: bytes, trials: int, limit: float, objectives: int) -> list[Planned] | None:
    try:
        build: Build = pickle.loads(packed)  # noqa: S301 - packed by `elsewhere`
    except (AttributeError, ImportError):
        return None
    try:
        return plan(Searching(build, trials, Limits(limit), objectives))
    except OverLimitError as error:
        # A pool does not pass on what is no `Exception`.
        raise AssertionError(str(error)) from None


def _later(clock: Callable[[], float], by: float) -> float:
    return clock() + by
