"""Call an engine for its kit: prepare a strategy, run backtests of it, and read the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

from attrs import frozen

from leanopt_core.engines.base import Build, Engine, PrepareContext
from leanopt_core.errors import LeanoptError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.harness.events import Hello
from leanopt_core.statistics import Statistics
from leanopt_core.testing import engine_rules as rules
from leanopt_core.testing.lines import ask, greet
from leanopt_core.work import Answer, Backtest, Outcome, Request

Wanted = Sequence[tuple[Backtest, frozenset[str]]]
T = TypeVar("T")


@frozen
class Preparing:
    """An engine under test, with the executor and the context that its strategy is prepared for."""

    engine: Engine
    executor: Executor
    context: PrepareContext

    def prepare(self, runtime: Mapping[str, str] | None = None) -> Build:
        """Return the prepared strategy, which works."""
        runtime = self.executor.runtime() if runtime is None else runtime
        run_command = self.executor.run_command
        return _calling(
            lambda: self.engine.prepare(run_command, runtime, self.context),
            f"prepare: {rules.PREPARE}; for a strategy that works",
        )

    def attempt(self, left: str) -> Build | None:
        """Return what is prepared with `left` of the strategy's code, None if that is refused."""
        try:
            return self.engine.prepare(
                self.executor.run_command, self.executor.runtime(), self.context
            )
        except LeanoptError:
            return None
        except Exception as error:
            told = f"with {left} it raised {type(error).__name__}: {error}"
            raise AssertionError(f"prepare: {rules.CANNOT}; {told}") from error

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:
        """Return the request of a backtest that the harness can do."""
        return _calling(
            lambda: self.engine.request(backtest, outputs, hello),
            f"request: {rules.REQUEST}; for {dict(backtest.parameters)}",
        )

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:
        """Return the outcome of an answer, which is read twice."""
        first, again = (
            _calling(
                lambda: self.engine.read(answer, backtest, outputs),
                f"read: {rules.READ}; for the answer {dict(answer.payload)!s:.300}",
            )
            for _ in range(2)
        )
        assert first == again, f"read: {rules.READ}; first it gave {first}, then {again}"
        both = (first.statistics is None) == (first.failure is None)
        assert not both, f"{rules.OUTCOME}; it gave {first}"
        return first

    def run(self, build: Build, wanted: Wanted) -> list[Outcome]:
        """Backtest on two workers and read the answers in another thread, as a run does."""
        with self.answered(build, wanted) as answers, ThreadPoolExecutor(1) as thread:
            return list(thread.map(self.read, answers, *zip(*wanted, strict=True)))

    def results(self, build: Build, wanted: Wanted) -> list[Statistics]:
        """Return the statistics of those backtests that complete, though none should."""
        try:
            with self._finished(build, wanted) as finished:
                read = [
                    self.read(one.answer, *wanted[place]).statistics
                    for place, one in enumerate(finished)
                    if one.answer is not None
                ]
        except LeanoptError:  # the harness refuses the strategy
            return []
        return [one for one in read if one is not None]

    @contextmanager
    def answered(self, build: Build, wanted: Wanted) -> Iterator[list[Answer]]:
        """Backtest on two workers; the answers' files exist until the context ends."""
        with self._finished(build, wanted) as finished:
            for one in finished:
                assert one.answer is not None, f"{rules.OBEYS}; a worker failed: {one.failure}"
            yield [one.answer for one in finished if one.answer is not None]

    @contextmanager
    def _finished(self, build: Build, wanted: Wanted) -> Iterator[list[Finished[int]]]:
        with Pool[int](self.executor, build.launch, workers=2) as pool:
            hello = greet(pool)
            yield ask(pool, *(self.request(one, outputs, hello) for one, outputs in wanted))


def without_files(**payload: Any) -> Answer:
    """Return an answer whose request had an empty folder."""
    return Answer({"id": "1", **payload}, _Empty())


def _calling(call: Callable[[], T], rule: str) -> T:
    try:
        return call()
    except Exception as error:
        raise AssertionError(f"{rule} it raised {type(error).__name__}: {error}") from error


class _Empty:
    """The empty folder of a worker."""

    def names(self) -> Sequence[str]:
        return ()

    def open(self, name: str) -> BinaryIO:
        raise FileNotFoundError(name)

    def remove(self) -> None:
        pass
