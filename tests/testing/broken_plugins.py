"""Plugins of all other kinds with one fault each; run by `test_broken_plugins.py`."""

# Each does what its name says.
# ruff: noqa: D101, D102

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from statistics import pstdev
from threading import get_ident

import pytest
from attrs import evolve

from leanopt_core.check import Check, Finding
from leanopt_core.engines.base import Build, ScenarioFiles
from leanopt_core.engines.python import PythonEngine
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.fitness import Fitness
from leanopt_core.options import ProcessOptions, PythonStrategy
from leanopt_core.scoring import score_each
from leanopt_core.statistics import Statistics
from leanopt_core.testing import EngineContract, ExecutorContract, FitnessContract, SinkContract
from leanopt_core.work import Outcome, Request

# --- fitness functions ----------------------------------------------------------------------------


class Ratio:
    """The lowest net profit over drawdown, a loss as it is."""

    direction = "max"
    target = None

    def __call__(self, backtests):
        return score_each(backtests, self.judge, "min")

    def judge(self, backtest):
        statistics = backtest.statistics
        profit, drawdown = statistics.net_profit, statistics.drawdown
        if profit is None or drawdown is None:
            return self.missing(statistics)
        return Fitness(self.value(profit, drawdown))

    def missing(self, statistics):
        return Fitness(reasons=("profit or drawdown is missing",))

    def value(self, profit, drawdown):
        worth = profit / max(drawdown, 0.01) if profit > 0 else profit
        return max(min(worth, 1e100), -1e100)


class DividesLosses(Ratio):
    def value(self, profit, drawdown):
        return max(min(profit / max(drawdown, 0.01), 1e100), -1e100)


class PrefersLosses(Ratio):
    def value(self, profit, drawdown):
        return min(abs(profit), 1e100)


class GivesInfinity(Ratio):
    def value(self, profit, drawdown):
        return profit / drawdown if drawdown else math.inf


class GivesNoReasons(Ratio):
    def missing(self, statistics):
        return Fitness()


class TakesMissingForZero(Ratio):
    def missing(self, statistics):
        return Fitness(0.0)


class TakesTheFirst(Ratio):
    def __call__(self, backtests):
        return self.judge(backtests[0])


class AlwaysGivesOne(Ratio):
    def value(self, profit, drawdown):
        return 1.0


class DropsBadScenarios(Ratio):
    def __call__(self, backtests):
        good = [one for one in backtests if one.statistics.net_profit is not None]
        return score_each(good or backtests, self.judge, "min")


class GoesByTheClock(Ratio):
    def value(self, profit, drawdown):
        return super().value(profit, drawdown) + time.time() // 86400


class SortsInPlace(Ratio):
    def __call__(self, backtests):
        backtests.sort(key=lambda one: one.statistics.net_profit or 0.0)
        return super().__call__(backtests)


class ForgetsDrawdowns(Ratio):
    def __call__(self, backtests):
        judged = super().__call__(backtests)
        for one in backtests:
            one.statistics.values.pop("Drawdown", None)
        return judged


class NeverReturns(Ratio):
    def value(self, profit, drawdown):
        while True:
            pass


class TakesTwoScenarios(Ratio):
    def __call__(self, backtests):
        one, two = backtests[0], backtests[-1 if len(backtests) < 3 else 5]
        return score_each([one, two], self.judge, "min")


class DividesByVariance(Ratio):
    def __call__(self, backtests, context):
        told = context.values.get("fitness")
        judged = super().__call__(backtests)
        spread = 1.0 if told is None or told.variance is None else told.variance
        return judged if judged.value is None else Fitness(judged.value / spread)


class OfReturns(Ratio):
    """The mean daily return."""

    def judge(self, backtest):
        returns = backtest.returns
        if not backtest.statistics.values:
            return self.missing(backtest.statistics)
        if returns is None or not returns.values:
            return Fitness(reasons=(returns.ended or "no daily returns" if returns else "none",))
        return Fitness(self.of(returns.values))

    def of(self, values):
        return sum(value / len(values) for value in values)


class DividesByDeviation(OfReturns):
    def of(self, values):
        return super().of(values) / pstdev(values)


class NeedsACurve(OfReturns):
    def judge(self, backtest):
        return Fitness(self.of(backtest.returns.values or [0.0]))


class Remembers(Ratio):
    best = -math.inf

    def value(self, profit, drawdown):
        worth = super().value(profit, drawdown)
        self.best = max(self.best, worth)
        return worth - self.best


class _FitnessKit(FitnessContract):
    needs = ("returns",)
    call_limit = 5.0

    @pytest.fixture
    def fitness(self):
        return self.broken()


# --- sinks ----------------------------------------------------------------------------------------


class Lines:
    """A line for each trial."""

    def __init__(self, project):
        self.path = project / "trials.txt"

    def start(self, run, plan, resumed):
        self.file = self.path.open("w", encoding="utf-8")

    def trial(self, record):
        self.file.write(f"{record.search} {record.trial.number} {dict(record.parameters)}\n")

    def stage(self, search, stage, reason):
        pass

    def finish(self, state):
        self.file.close()


class Appends(Lines):
    def start(self, run, plan, resumed):
        self.file = self.path.open("a", encoding="utf-8")


class TruncatesWhenBuilt(Lines):
    def __init__(self, project):
        super().__init__(project)
        self.path.write_text("")


class NeedsAFitness(Lines):
    def trial(self, record):
        self.file.write(f"{record.trial.score.fitness:.3f}\n")


class WritesAscii(Lines):
    def start(self, run, plan, resumed):
        self.file = self.path.open("w", encoding="ascii")


class ChangesWhatItIsTold(Lines):
    def trial(self, record):
        record.parameters["number"] = record.trial.number
        super().trial(record)


class OverwritesInPlace(Lines):
    def start(self, run, plan, resumed):
        self.file = self.path.open("r+" if self.path.exists() else "w", encoding="utf-8")


class WritesNothing(Lines):
    def trial(self, record):
        pass


class LosesTheLast(Lines):
    last = None

    def trial(self, record):
        if self.last is not None:
            super().trial(self.last)
        self.last = record


class BelongsToItsThread(Lines):
    def __init__(self, project):
        super().__init__(project)
        self.thread = get_ident()

    def trial(self, record):
        assert get_ident() == self.thread
        super().trial(record)


class FailsAtAnInterruption(Lines):
    def finish(self, state):
        {"finished": self.file.close}[state]()


class AppendsNew(Lines):
    """A line for each new trial, written before `trial` returns."""

    only_new = True

    def start(self, run, plan, resumed):
        self.file = self.path.open("a", encoding="utf-8", buffering=1)


class BuffersNew(AppendsNew):
    def start(self, run, plan, resumed):
        self.file = self.path.open("a", encoding="utf-8")


class _SinkKit(SinkContract):
    @pytest.fixture
    def make_sink(self):
        return self.broken

    @property
    def only_new(self):
        return getattr(self.broken, "only_new", False)


# --- engines --------------------------------------------------------------------------------------


class TakesErrorsForSuccess(PythonEngine):
    def read(self, answer, backtest, outputs):
        return Outcome(Statistics.read(answer.payload.get("statistics") or {}))


class ForgetsThePlace(PythonEngine):
    def prepare(self, run_command, runtime, context):
        return super().prepare(run_command, {}, context)


class ForgetsItsSources(PythonEngine):
    def prepare(self, run_command, runtime, context):
        return evolve(super().prepare(run_command, runtime, context), source="a strategy")


class GoesByTimes(PythonEngine):
    def prepare(self, run_command, runtime, context):
        build = super().prepare(run_command, runtime, context)
        return evolve(build, source=str(self._file.stat().st_mtime_ns))


class NumbersItsBuilds(PythonEngine):
    built = 0

    def prepare(self, run_command, runtime, context):
        build = super().prepare(run_command, runtime, context)
        NumbersItsBuilds.built += 1
        return Build(build.strategy, build.source, f"{build.identity}{self.built}", build.launch)


class LosesParameters(PythonEngine):
    def request(self, backtest, outputs, hello):
        told = json.loads(super().request(backtest, outputs, hello).payload)
        told["backtest"]["parameters"]["x"] = 1
        return Request(json.dumps(told), outputs=outputs)


class WritesSeveralLines(PythonEngine):
    def request(self, backtest, outputs, hello):
        told = json.loads(super().request(backtest, outputs, hello).payload)
        return Request(json.dumps(told, indent=1), outputs=outputs)


class NumbersItsAnswers(PythonEngine):
    def fingerprint(self, answer):
        return str(answer.payload["id"])


class NamesNoData(PythonEngine):
    def scenario_files(self, scenario):
        return ScenarioFiles((f"prices/{scenario.name}.csv",))


class ImportsAnything(PythonEngine):
    def try_out(self, run_command, runtime):
        return ["it cannot be imported"]


class ForgetsStatistics(PythonEngine):
    def reported_statistics(self):
        return ("Drawdown",)


class _EngineKit(EngineContract):
    @pytest.fixture
    def engine(self, tmp_path):
        (tmp_path / "strategy.py").write_text(
            "from leanopt_harness import Result, backtest\n\n\n@backtest\n"
            "def run(parameters, scenario):\n    return Result({'Net Profit': parameters['x']})\n"
        )
        return self.broken(PythonStrategy(entry="strategy.py:run"), tmp_path)

    @pytest.fixture
    def strategy_file(self, tmp_path):
        return tmp_path / "strategy.py"


# --- executors ------------------------------------------------------------------------------------


class Altered:
    """A channel that is another one but for what a subclass does."""

    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        return getattr(self.channel, name)


class OpensAnything(ProcessExecutor):
    def spawn(self, launch, worker, *, memory_limit=None):
        channel = Altered(super().spawn(launch, worker, memory_limit=memory_limit))
        channel.open = lambda name: (Path(channel.fill("{scratch}")) / name).open("rb")
        return channel


class LosesTheEnvironment(ProcessExecutor):
    def spawn(self, launch, worker, *, memory_limit=None):
        return super().spawn(type(launch)(launch.command, launch.mounts), worker)


class IgnoresMemory(ProcessExecutor):
    def spawn(self, launch, worker, *, memory_limit=None):
        return super().spawn(launch, worker)


class WaitsLonger(ProcessExecutor):
    def run_command(self, command):
        return super().run_command(evolve(command, time_limit=command.time_limit + 1.0))


class HidesSignals(ProcessExecutor):
    def run_command(self, command):
        done = super().run_command(command)
        return type(done)(min(done.exit_code, 1), done.output, done.errors)


class FindsFault(ProcessExecutor):
    def check(self):
        return ["options that work are wrong"]


class ChecksTwice(ProcessExecutor):
    def checks(self):
        return [Check("queue", lambda: [Finding.ok("short")])] * 2


class LacksSomething(ProcessExecutor):
    def checks(self):
        return [Check("queue", lambda: [Finding.wrong("it is not installed")])]


class HasAnotherRuntime(ProcessExecutor):
    def places(self):
        place = ProcessExecutor(self._options, self._project)
        place.runtime = lambda: {"python": "another"}
        return {"there": place}


class _ExecutorKit(ExecutorContract):
    @pytest.fixture
    def executor(self, tmp_path):
        return self.broken(ProcessOptions(), tmp_path)


for kit, sound in (
    (_FitnessKit, Ratio),
    (_FitnessKit, OfReturns),
    (_SinkKit, Lines),
    (_SinkKit, AppendsNew),
    (_EngineKit, PythonEngine),
    (_ExecutorKit, ProcessExecutor),
):
    for each in (sound, *sound.__subclasses__()):
        name = f"Test{each.__name__}"
        globals()[name] = type(name, (kit,), {"broken": staticmethod(each)})
