"""Broken fitness functions and sinks."""

from __future__ import annotations

from tests.blame.broken import Row

_CALL = """
import random
import sys

class Judge(Judge):
    calls = 0

    def __call__(self, backtests):
        self.calls += 1
        return {} if self.calls > 4 else super().__call__(backtests)
"""
_SINK = "class Sink(Sink):\n    def {}(self, *arguments):\n        raise OSError('no room')\n"


def _scores(made: str, says: str) -> Row:
    return Row("fitness", _CALL.format(made), "{me}" + says, told=4)


def _has(member: str, says: str) -> Row:
    return Row("fitness", f"class Judge(Judge):\n    {member}\n", "{me}, " + says, told=None)


def _needs(needs: str, says: str) -> Row:
    source = (
        "@hookimpl\ndef leanopt_fitness():\n"
        f"    return [FitnessSpec('broken', 'acme_broken:make_fitness', needs={needs})]\n"
    )
    return Row("fitness", source, f"(plugin acme-broken: leanopt_fitness: {says}", told=None)


def _sink(method: str, doing: str) -> Row:
    says = f"{{me}}, {doing}: it raised OSError: no room; it gets no more trials"
    return Row("sink", _SINK.format(method), says, code=0, told=8)


_READ_ONLY = "it raised TypeError: these values are read-only; change a copy: dict(values)"


def _stop(returned: str, says: str) -> Row:
    source = f"@hookimpl\ndef leanopt_should_stop(run, record):\n    return {returned}\n"
    doing = "plugin acme-broken, called by leanopt_should_stop: it returned "
    return Row("", source, f"{doing}{says}, expected a text or None; it", code=0, told=8)


ROWS = {
    "direction is up": _has(
        "direction = 'up'", "being built: it has the direction 'up', expected 'max' or 'min'"
    ),
    "direction raises": _has(
        "direction = property(lambda self: 1 / 0)",
        "asked for its direction: it raised ZeroDivisionError: division by zero",
    ),
    "target is NaN": _has(
        "target = float('nan')",
        "being built: it has the target nan, expected a finite number or None",
    ),
    "target is a text": _has(
        "target = 'high'",
        "being built: it has the target 'high', expected a finite number or None",
    ),
    "fitness function is None": Row(
        "fitness",
        "def make_fitness(options):\n    return None\n",
        "{me}, being built: it made None, which has no __call__",
        told=None,
    ),
    "fitness function raises": _scores(
        "backtests[1]", ", scoring a trial: it raised IndexError: tuple index out of range"
    ),
    "fitness function exits": _scores("sys.exit(3)", ", scoring a trial: it raised SystemExit: 3"),
    "fitness function returns a number": _scores("1.0", " returned float, not a Fitness"),
    "fitness is NaN": _scores(
        "Fitness(float('nan'))", " returned the value nan; return None for no value"
    ),
    "fitness is infinite": _scores(
        "Fitness(float('inf'))", " returned the value inf; return None for no value"
    ),
    "fitness is a text": _scores("Fitness('good')", " returned the value 'good', not a number"),
    "violation below 0": _scores("Fitness(1.0, (), -1.0)", " returned the violation -1.0, below 0"),
    "fitness function uses global random state": Row(
        "fitness",
        _CALL.format("Fitness(random.random())"),
        "{me}, scoring a trial: it used global random state; "
        "a score may depend on the backtests only",
        told=4,
    ),
    "fitness function of three arguments": Row(
        "fitness",
        "class Judge(Judge):\n    def __call__(self, backtests, context, more):\n        pass\n",
        "{me} takes (backtests, context, more): expected the backtests, or the backtests and a",
        told=None,
    ),
    "fitness function changes statistics": _scores(
        "backtests[0].statistics.values.update({'Drawdown': 0.0})",
        f", scoring a trial: {_READ_ONLY}",
    ),
    "fitness function changes the list of backtests": _scores(
        "backtests.clear()",
        ", scoring a trial: it raised AttributeError: 'tuple' object has no attribute 'clear'",
    ),
    "fitness function raises a long text": _scores(
        "{}['x' * 3_000_000]", f", scoring a trial: it raised KeyError: '{'x' * 1996}...\n"
    ),
    "fitness function exits with several lines": _scores(
        "sys.exit('one\\n\\ntwo')", ", scoring a trial: it raised SystemExit: one two\n"
    ),
    "value named fitness": _scores(
        "Fitness(1.0, values={'fitness': 2.0})",
        " returned a value named 'fitness', which is reserved for the fitness itself",
    ),
    "values as a list": _scores(
        "Fitness(1.0, values=[2.0])", " returned the values [2.0], not named numbers"
    ),
    "named value that is NaN": _scores(
        "Fitness(1.0, values={'odds': float('nan')})", " returned the odds nan"
    ),
    "reasons as a number": _scores("Fitness(None, 5)", " returned the reasons 5, not texts"),
    "need that is misspelt": _needs("frozenset({'return'})", "'broken' needs 'return'"),
    "needs that are a number": _needs(
        "3", "'broken' has the needs 3, expected some of 'equity', 'returns', 'trades'"
    ),
    "fitness function is async": Row(
        "fitness",
        "class Judge(Judge):\n    async def __call__(self, backtests):\n        pass\n",
        "{me}, being built: it made <acme_broken.Judge object",
        told=None,
    ),
    "sink's trial is async": Row(
        "sink",
        "class Sink(Sink):\n    async def trial(self, record):\n        pass\n\n\n"
        "def make_sink(options, project):\n    Sink.__repr__ = lambda self: 'a sink'\n"
        "    return Sink()\n",
        "{me}, being built: it made a sink, whose trial must not be async",
        told=None,
    ),
    "sink's trial is a generator": Row(
        "sink",
        "class Sink(Sink):\n    def trial(self, record):\n        yield\n\n\n"
        "def make_sink(options, project):\n    Sink.__repr__ = lambda self: 'a sink'\n"
        "    return Sink()\n",
        "{me}, being built: it made a sink, whose trial must not be a generator (`yield`)",
        told=None,
    ),
    "fitness function is a generator": Row(
        "fitness",
        "class Judge(Judge):\n    def __call__(self, backtests):\n        yield\n",
        "{me}, being built: it made <acme_broken.Judge object",
        told=None,
    ),
    "sink is None": Row(
        "sink",
        "def make_sink(options, project):\n    return None\n",
        "{me}, being built: it made None, which has no start, trial, stage, finish",
        told=None,
    ),
    "sink without finish": Row(
        "sink",
        "class Sink(Sink):\n    finish = None\n",
        "{me}, being built: it made <acme_broken.Sink object",
        told=None,
    ),
    "sink whose start takes too little": Row(
        "sink",
        "class Sink(Sink):\n    def start(self, run, plan):\n        pass\n",
        "{me}, being started: it raised TypeError: Sink.start() takes 3 positional arguments",
        code=0,
        told=8,
    ),
    "sink's start raises": _sink("start", "being started"),
    "sink's trial raises": _sink("trial", "given trial 1"),
    "sink's stage raises": _sink("stage", "given the end of a stage"),
    "sink's finish raises": _sink("finish", "being finished"),
    "sink changes a trial's values": Row(
        "sink",
        "class Judge(Judge):\n    def __call__(self, backtests):\n"
        "        return Fitness(1.0, values={'odds': 2.0})\n\n\n"
        "class Sink(Sink):\n    def trial(self, record):\n"
        "        record.trial.score.values['odds'] = 5.0\n",
        f"{{me}}, given trial 1: {_READ_ONLY}; it gets no more trials",
        code=0,
        told=8,
        uses=("fitness",),
    ),
    "should_stop changes a trial's values": Row(
        "fitness",
        "@hookimpl\ndef leanopt_should_stop(run, record):\n"
        "    record.trial.score.values['odds'] = 5.0\n",
        f"plugin acme-broken, called by leanopt_should_stop: {_READ_ONLY}; it is not called again",
        code=0,
        told=8,
    ),
    "should_stop returns True": _stop("True", "True"),
    "should_stop returns a number": _stop("3", "3"),
    "should_stop returns 0": _stop("0", "0"),
    "should_stop returns text that UTF-8 cannot encode": _stop("'\\udc80'", "'\\udc80'"),
    "should_stop raises": Row(
        "",
        "@hookimpl\ndef leanopt_should_stop(run, record):\n    raise KeyError('best')\n",
        "plugin acme-broken, called by leanopt_should_stop: it raised KeyError: 'best'; "
        "it is not called again",
        code=0,
        told=8,
    ),
}
