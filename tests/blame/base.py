"""A plugin of every kind that keeps its contract; each row of the table breaks one thing in it.

A row's text is appended to this module's, so that its classes replace these.
"""

from __future__ import annotations

from leanopt_core.api import (
    EngineSpec,
    ExecutorSpec,
    Fitness,
    FitnessSpec,
    NoOptions,
    Proposal,
    SinkSpec,
    StageSpec,
    hookimpl,
)
from leanopt_core.engines.python import PythonEngine
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions, PythonStrategy


class Stage:
    """Proposes new points in random order."""

    def __init__(self, start):
        self.space = start.space

    def ask(self, context):
        """Propose a point that no trial has."""
        return Proposal(next(iter(self.space.sample(context.seed))))

    def tell(self, trial, context):
        """Learn nothing."""

    def refused(self, point):
        """Learn nothing."""


class Judge:
    """Maximizes the net profit."""

    direction, target = "max", None

    def __call__(self, backtests):
        """Return the first scenario's net profit."""
        return Fitness(backtests[0].statistics.net_profit)


class Sink:
    """Writes nothing."""

    def start(self, run, plan, resumed):
        """Start."""

    def trial(self, record):
        """Take a trial."""

    def stage(self, search, stage, reason):
        """Take the end of a stage."""

    def finish(self, state):
        """Finish."""


class Engine(PythonEngine):
    """The engine for Python."""


class Executor(ProcessExecutor):
    """Processes."""


class Altered:
    """Passes everything on to a channel but what a subclass does itself."""

    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        return getattr(self.channel, name)


def make_stage(options, start):
    """Return a stage."""
    return Stage(start)


def make_fitness(options):
    """Return a fitness function."""
    return Judge()


def make_sink(options, project):
    """Return a sink."""
    return Sink()


def make_engine(options, project):
    """Return an engine."""
    return Engine(options, project)


def make_executor(options, project):
    """Return an executor."""
    return Executor(ProcessOptions(), project)


LEANOPT_API_VERSION = 2


@hookimpl
def leanopt_stages():
    """Register the stage."""
    return [StageSpec("broken", "acme_broken:make_stage")]


@hookimpl
def leanopt_fitness():
    """Register the fitness function."""
    return [FitnessSpec("broken", "acme_broken:make_fitness")]


@hookimpl
def leanopt_sinks():
    """Register the sink."""
    return [SinkSpec("broken", "acme_broken:make_sink")]


@hookimpl
def leanopt_engines():
    """Register the engine."""
    return [EngineSpec("broken", "acme_broken:make_engine", PythonStrategy)]


@hookimpl
def leanopt_executors():
    """Register the executor."""
    return [ExecutorSpec("broken", "acme_broken:make_executor", NoOptions)]
