"""What one backtest leaves behind, and what the next one sees of it."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

STRATEGY = """
import asyncio, atexit, builtins, codecs, collections.abc, copy, copyreg, csv, ctypes, decimal
import fractions, functools, gc, io, itertools, json, locale, logging, math, os, random, resource
import signal, socket, sqlite3, string, subprocess, sys, threading, time, tracemalloc, warnings
from contextvars import ContextVar

import numpy
from leanopt_harness import Result, backtest

c = ctypes.CDLL(None)
c.getenv.restype = ctypes.c_char_p
variable = ContextVar("variable", default=None)
count, kept, cache, prices = 0, [], {}, [1.0, 2.0]
array, generator, drawn = numpy.ones(3), random.Random(1), numpy.random.default_rng(1)
numbers, opened_file = itertools.count(), open(__file__)
database, outside = sqlite3.connect(":memory:"), os.getcwd() + "-outside"
database.execute("CREATE TABLE t (x)")


class Kind:
    level = 1

    def __str__(self):
        return "kind"


def default(values=[]):
    return values


def stepping():
    at = 0

    def step():
        nonlocal at
        at += 1
        return at

    return step


step = stepping()


@functools.cache
def size():
    return os.environ.get("SIZE")


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def opened(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@backtest
def run(parameters, scenario):
    exec(parameters["do"], globals())
    look = builtins.eval(parameters["look"], globals())
    return Result({"seen": builtins.repr(look)})
"""

LEAKS = tomllib.loads(Path(__file__).with_name("leaks.toml").read_text())


def rows(*outcomes: str) -> list[Any]:
    """Return the leaks of these outcomes as parameters of a test."""
    return [
        pytest.param(leak, id=leak["what"], marks=_needs(leak))
        for outcome in outcomes
        for leak in LEAKS[outcome]
    ]


def _needs(leak: dict[str, str]) -> list[pytest.MarkDecorator]:
    there = {
        "root": os.geteuid() == 0,
        "linux": sys.platform == "linux",
        "processors": sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1,
    }
    needs = leak.get("needs")
    return [pytest.mark.skipif(needs is not None and not there[needs], reason=f"needs {needs}")]


class Worker:
    """A harness on the strategy, which is started again once it has ended."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self.harness: Any = None

    def run(self, leak: dict[str, str], *, leaks: bool) -> Any:
        """Return the answer of a backtest that looks, and leaks first if `leaks`."""
        if self.harness is None or self.harness.process.poll() is not None:
            self.harness = self._begin()
        return self.harness.run(do=leak["do"] if leaks else "pass", look=leak.get("look", "0"))

    def see(self, leak: dict[str, str], *, leaks: bool = False) -> str:
        """Return what a backtest that completes sees."""
        answer = self.run(leak, leaks=leaks)
        assert answer["status"] == "complete", answer
        seen: str = answer["statistics"]["seen"]
        return seen


@pytest.fixture(scope="module")
def begin(
    serve_long: Callable[[Path, Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Worker]:
    """Return what starts a worker in an empty folder of its own."""
    folder = tmp_path_factory.mktemp("leaks")
    file = folder / "strategy.py"
    file.write_text(STRATEGY)

    def harness() -> Any:
        return serve_long(file, tmp_path_factory.mktemp("scratch"))

    return lambda: Worker(harness)


@pytest.fixture(scope="module")
def cold(begin: Callable[[], Worker]) -> Worker:
    """Return a worker whose backtests look, and leave nothing."""
    return begin()


@pytest.fixture(scope="module")
def warm(begin: Callable[[], Worker]) -> Worker:
    """Return the worker that leaks one after the other."""
    return begin()


def test_the_table_has_at_least_eighty_leaks() -> None:
    """Each of a name of its own."""
    names = [leak["what"] for leaks in LEAKS.values() for leak in leaks]
    assert len(set(names)) == len(names) >= 80


@pytest.mark.parametrize("leak", rows("put_back"))
def test_what_can_be_put_back_is_not_seen_by_the_next(
    cold: Worker, warm: Worker, leak: dict[str, str]
) -> None:
    """The backtest itself sees what it has done, and the next one what the first one did."""
    first = cold.see(leak)
    assert warm.see(leak, leaks=True) != first
    assert warm.see(leak) == first


@pytest.mark.parametrize("leak", rows("put_back_or_ended"))
def test_what_only_some_users_may_put_back_ends_the_worker_of_others(
    cold: Worker, warm: Worker, leak: dict[str, str]
) -> None:
    """After its answer; in any case the next one does not see it."""
    first = cold.see(leak)
    assert warm.see(leak, leaks=True) != first
    with suppress(BrokenPipeError):  # it has ended
        answer = warm.run(leak, leaks=False)
        assert answer is None or answer["statistics"]["seen"] == first


@pytest.mark.long
@pytest.mark.parametrize("leak", rows("ended"))
def test_what_cannot_be_put_back_ends_the_worker(
    begin: Callable[[], Worker], leak: dict[str, str]
) -> None:
    """After the answer, which counts."""
    worker = begin()
    assert worker.run(leak, leaks=True)["id"] == "1"
    assert worker.harness.process.wait(20) == 3
    assert worker.harness.read() is None


@pytest.mark.long
@pytest.mark.parametrize("leak", rows("detected"))
def test_the_rest_differs_from_a_fresh_worker(
    begin: Callable[[], Worker], leak: dict[str, str]
) -> None:
    """So that making a backtest again on a fresh worker finds it."""
    first, worker = begin().see(leak), begin()
    worker.see(leak, leaks=True)
    assert worker.see(leak) != first
