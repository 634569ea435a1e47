"""A plugin that never returns fails its kit, with the call's name and the rule."""

# Each method does what its name says.
# ruff: noqa: D102

from __future__ import annotations

import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.engines.base import ChecksStrategy
from leanopt_core.testing.limits import VARIABLE, CallThread, LimitedKit, Limits, OverLimitError

SOON = 0.05
RULES = {"ask": "Propose a point, or answer `WAIT` or `DONE`", "__call__": "Return a `Fitness`"}


class Plugin:
    """Hangs in all ways; `calls` are the threads of those calls that return."""

    def __init__(self) -> None:
        self.calls: list[threading.Thread] = []
        self.ended = threading.Event()

    def ask(self) -> None:
        for _ in count():
            pass

    def sleep(self) -> None:
        self.ended.wait()

    def swallow(self) -> str:
        try:
            self.sleep()
        except BaseException:  # noqa: BLE001 - some do
            return "DONE"
        return "ended"

    def disguise(self) -> None:
        try:
            self.sleep()
        except BaseException as error:
            raise ValueError("no point") from error

    @property
    def direction(self) -> str:
        self.sleep()
        return "max"

    def __call__(self, backtests: object, context: object) -> None:
        self.sleep()

    def check(self, number: int) -> int:
        self.calls.append(threading.current_thread())
        return number + 1

    def spawn(self) -> Plugin:
        return self

    def nested(self, inner: Callable[[], None]) -> None:
        with pytest.raises(OverLimitError):
            inner()
        self.sleep()


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    """One whose sleepers end with the test."""
    made = Plugin()
    yield made
    made.ended.set()


@pytest.fixture(params=["main", "other", "own"])
def limited(request: pytest.FixtureRequest, plugin: Plugin) -> Iterator[Callable[..., Any]]:
    """Calls the plugin on the main thread, on another one, or on one of its own."""
    thread = CallThread() if request.param == "own" else None
    wrapped = Limits(SOON, RULES, thread=thread).of(plugin)

    def call(what: Callable[[Any], object]) -> object:
        if request.param != "other":
            return what(wrapped)
        outer = CallThread()
        try:
            return outer.run(lambda: what(wrapped), 60, "the test hangs")
        finally:
            outer.close()

    yield call
    if thread is not None:
        thread.close()


def test_a_call_that_hangs_is_named_with_its_rule(limited: Callable[..., Any]) -> None:
    """In a lock, as a function, as a property, on any thread."""
    with pytest.raises(OverLimitError, match=r"^__call__ .* 0\.05 s: Return a `Fitness`$"):
        limited(lambda plugin: plugin((), None))
    with pytest.raises(OverLimitError, match=r"^sleep .* 0\.05 s: Every call returns$"):
        limited(lambda plugin: plugin.sleep())
    with pytest.raises(OverLimitError, match=r"^direction did not return within"):
        limited(lambda plugin: plugin.direction)


def test_a_loop_is_interrupted(plugin: Plugin) -> None:
    """On the main thread even one that does not wait for anything."""
    with pytest.raises(OverLimitError, match=r"^ask did not return within 0\.05 s: Propose a"):
        Limits(SOON, RULES).of(plugin).ask()


@pytest.mark.parametrize("name", ["swallow", "disguise"])
def test_catching_the_interruption_does_not_help(plugin: Plugin, name: str) -> None:
    """Whether the plugin then returns or raises something else."""
    with pytest.raises(OverLimitError, match=f"^{name} did not return"):
        getattr(Limits(SOON).of(plugin), name)()


def test_calls_in_time_pass(limited: Callable[..., Any]) -> None:
    """With their arguments and results; an error is the plugin's own."""
    assert limited(lambda plugin: plugin.check(number=1)) == 2
    with pytest.raises(TypeError, match=r"unsupported operand|concatenate"):
        limited(lambda plugin: plugin.check(""))
    with pytest.raises(AttributeError, match="tell"):
        limited(lambda plugin: plugin.tell)


def test_a_plugin_of_one_thread_stays_on_it(plugin: Plugin) -> None:
    """Its calls are made in order, on the thread that was given."""
    thread = CallThread()
    wrapped = Limits(60, thread=thread).of(plugin)
    assert [wrapped.check(number) for number in range(3)] == [1, 2, 3]
    thread.close()
    assert len(set(plugin.calls)) == 1
    assert plugin.calls[0] is not threading.main_thread()


def test_what_a_method_makes_is_limited_too(plugin: Plugin) -> None:
    """By rules of its own."""
    limits = Limits(60, makes={"spawn": Limits(SOON, {"sleep": "Never block"})})
    with pytest.raises(OverLimitError, match=r"^sleep .* s: Never block$"):
        limits.of(plugin).spawn().sleep()


def test_it_looks_like_the_plugin(plugin: Plugin) -> None:
    """Optional methods and arguments are found by looking."""
    wrapped: Any = Limits(60).of(plugin)
    assert all(isinstance(wrapped, kind) for kind in (Plugin, ChecksStrategy))
    assert list(inspect.signature(wrapped).parameters) == ["backtests", "context"]
    assert list(inspect.signature(wrapped.check).parameters) == ["number"]
    assert not callable(Limits(60).of(object()))


def test_limits_can_be_nested(plugin: Plugin) -> None:
    """The inner call is ended first, the outer one nevertheless."""
    inner = Limits(SOON).of(Plugin()).ask
    with pytest.raises(OverLimitError, match=r"^nested did not return within 0\.2 s"):
        Limits(0.2).of(plugin).nested(inner)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_another_alarm_still_rings(plugin: Plugin) -> None:
    """Some plugins of pytest set one."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, SOON)
        assert Limits(60).of(plugin).check(1) == 2
        while not rung:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_hypothesis_does_not_repeat_it(plugin: Plugin) -> None:
    """It would look for a simpler example, and wait for each."""
    drawn: list[int] = []

    @given(st.integers())
    def check(number: int) -> None:
        drawn.append(number)
        Limits(SOON).of(plugin).sleep()

    with pytest.raises(OverLimitError):
        check()
    assert len(drawn) == 1


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute, or what a kit's class or the environment says."""

    class Patient(LimitedKit):
        call_limit = 600.0

    monkeypatch.delenv(VARIABLE, raising=False)
    assert LimitedKit().limits({}).seconds == 60
    assert Patient().limits({}).seconds == 600
    monkeypatch.setenv(VARIABLE, "5")
    assert Patient().limits({}).seconds == 5
