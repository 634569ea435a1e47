"""Broken engines."""

from __future__ import annotations

from tests.blame.broken import Row

_PREPARE = """
from attrs import evolve
from leanopt_core.api import Build

class Engine(Engine):
    def prepare(self, *arguments):
        build = super().prepare(*arguments)
        return {}
"""
_REQUEST = """
from leanopt_core.api import Request

class Engine(Engine):
    def request(self, *arguments):
        return {}
"""
_READ = """
from attrs import evolve
from leanopt_core.api import Category, ClosedTrade, Equity, Failure, Outcome, Statistics

class Mute:
    def __repr__(self):
        raise LookupError("no words")

class Engine(Engine):
    def read(self, *arguments):
        outcome = super().read(*arguments)
        return {}
"""
_NEEDING = """
@hookimpl
def leanopt_fitness():
    needs = frozenset({{"equity", "trades"}})
    return [FitnessSpec("broken", "acme_broken:make_fitness", needs=needs)]
"""
_MADE = "{me}, preparing the strategy: it returned "
_READING = "{me}, reading an answer: "
_EVERY = "; the same for each of the first 3 answers"


def _prepare(made: str, says: str) -> Row:
    return Row("engine", _PREPARE.format(made), _MADE + says, told=None)


def _request(made: str, says: str) -> Row:
    return Row("engine", _REQUEST.format(made), f"{{me}}, making a request: it returned {says}")


def _read(made: str, says: str) -> Row:
    return Row("engine", _READ.format(made), f"{_READING}it returned {says}{_EVERY}")


def _needed(made: str, says: str) -> Row:
    """A row in which the fitness function needs the equity curve and the trades."""
    source = (_READ + _NEEDING).format(f"evolve(outcome, {made})")
    says = f"{_READING}it returned {says}{_EVERY}"
    return Row("engine", source, says, uses=("fitness",))


ROWS = {
    "request raises": Row(
        "engine",
        _REQUEST.format("1 / 0"),
        "{me}, making a request: it raised ZeroDivisionError: division by zero",
    ),
    "check raises": Row(
        "engine",
        "class Engine(Engine):\n    def check(self, context):\n        raise OSError('blind')\n",
        "{me}, looking at the strategy: it raised OSError: blind",
        told=None,
        command="check",
    ),
    "check returns a text": Row(
        "engine",
        "class Engine(Engine):\n    def check(self, context):\n        return 3\n",
        "{me}, looking at the strategy: it returned 3, expected a list of str",
        told=None,
        command="check",
    ),
    "trades as a number": _read(
        "evolve(outcome, trades=3)", "an Outcome with the trades 3, expected a sequence or None"
    ),
    "engine is None": Row(
        "engine",
        "def make_engine(options, project):\n    return None\n",
        "{me}, being built: it made None, which has no prepare, request, read",
        told=None,
    ),
    "data is a text": Row(
        "engine",
        "class Engine(Engine):\n    data = 'data'\n",
        "{me}, asked for its data: it has the data 'data', expected a Path or None",
        told=None,
    ),
    "data is not there": Row(
        "engine",
        "from pathlib import Path\nclass Engine(Engine):\n    data = Path('/nowhere')\n",
        "there is no data /nowhere, expected a folder or a file",
        code=5,
        told=None,
    ),
    "prepare raises": Row(
        "engine",
        _PREPARE.format("1 / 0"),
        "{me}, preparing the strategy: it raised ZeroDivisionError: division by zero",
        told=None,
    ),
    "build without launch": _prepare(
        "evolve(build, launch=None)", "a Build with the launch None, expected a Launch"
    ),
    "build with a command as text": _prepare(
        "evolve(build, launch=evolve(build.launch, command='python'))",
        "a Launch with the command 'python', expected a tuple of texts",
    ),
    "build without identity": _prepare(
        "evolve(build, identity=None)", "a Build with the identity None, expected a text"
    ),
    "build with a source in bytes": _prepare(
        "evolve(build, source=b'x')", "a Build with the source b'x', expected a text"
    ),
    "request that is no JSON": _request(
        "Request('x = 1')", "a Request with the payload 'x = 1', expected a JSON object as text"
    ),
    "request that is a dict": _request(
        "Request({'x': 1})", "a Request with the payload {'x': 1}, expected a JSON object as text"
    ),
    "request of several lines": _request("Request('{\\n}')", "a payload of several lines"),
    "read raises": Row(
        "engine",
        _READ.format("outcome.profit"),
        f"{_READING}it raised AttributeError: 'Outcome' object has no attribute 'profit'{_EVERY}",
    ),
    "read exits": Row(
        "engine", _READ.format("exit(0)"), f"{_READING}it raised SystemExit: 0{_EVERY}"
    ),
    "read returns nothing": _read("None", "NoneType, expected Outcome"),
    "empty outcome": _read("Outcome()", "an empty Outcome, expected statistics or a failure"),
    "outcome of both": _read(
        "evolve(outcome, failure=Failure(Category.STRATEGY, 'no'))",
        "an Outcome with statistics and a failure, expected one of them",
    ),
    "statistics as a dict": _read(
        "Outcome({'x': 1})", "an Outcome with the statistics {'x': 1}, expected Statistics"
    ),
    "failure of an unknown category": _read(
        "Outcome(failure=Failure('odd', 'no'))",
        "an Outcome with the failure Failure(category='odd', message='no', outside=False), "
        "expected a Failure with a Category",
    ),
    "equity of two lengths": Row(
        "engine",
        _READ.format("evolve(outcome, equity=Equity([1, 2], [1.0]))"),
        f"{_READING}it raised ValueError: equity has 2 times and 1 values{_EVERY}",
    ),
    "equity of texts": _read(
        "evolve(outcome, equity=Equity([1, 2], ['a', 'b']))",
        "an Equity that cannot be read: must be real number, not str",
    ),
    "read parameters as a list": _read(
        "evolve(outcome, read=['x'])",
        "an Outcome with the parameters read ['x'], expected a set of texts or None",
    ),
    "read types that are None": _read(
        "evolve(outcome, read_types=None)",
        "an Outcome with the read_types None, expected a mapping from texts to sets of texts",
    ),
    "read types in a list": _read(
        "evolve(outcome, read_types={'x': ['int']})",
        "an Outcome with the read_types {'x': ['int']}, expected a mapping from texts "
        "to sets of texts",
    ),
    "read parameters that are numbers": _read(
        "evolve(outcome, read=frozenset({1}))",
        "an Outcome with the parameters read frozenset({1}), expected a set of texts or None",
    ),
    "closed trades that are NaN": _read(
        "evolve(outcome, closed_trades=float('nan'))",
        "an Outcome with the closed_trades nan, expected a whole number or None",
    ),
    "closed trades as a text": _read(
        "evolve(outcome, closed_trades='many')",
        "an Outcome with the closed_trades 'many', expected a whole number or None",
    ),
    "a value without words": _read(
        "evolve(outcome, closed_trades=Mute())",
        "an Outcome with the closed_trades <Mute>, expected a whole number or None",
    ),
    "data files as a text": Row(
        "engine",
        "from pathlib import Path\nclass Engine(Engine):\n"
        "    data, data_files = Path(__file__), '*.zip'\n",
        "{me}, asked for its data: it has the data_files '*.zip', expected a list of patterns",
        told=None,
    ),
    "files of a scenario outside the data": Row(
        "engine",
        "from pathlib import Path\nfrom leanopt_core.api import ScenarioFiles\n"
        "class Engine(Engine):\n"
        "    data = Path(__file__).parent\n"
        "    def scenario_files(self, scenario):\n"
        "        return ScenarioFiles(('../prices/*.csv',))\n",
        "{me}, asked which data files scenario 'default' reads: it returned ScenarioFiles with the "
        "patterns ('../prices/*.csv',), expected a list of patterns below the data or None",
        told=None,
    ),
    "equity with an endless number": _read(
        "evolve(outcome, equity=Equity([1], [10**400]))",
        "an Equity that cannot be read: int too large to convert to float",
    ),
    "needed equity of NaN": _needed(
        "equity=Equity([1, 2], [1.0, float('nan')])", "an Equity whose values[1] is nan"
    ),
    "needed equity out of order": _needed(
        "equity=Equity([2, 1], [1.0, 1.0])",
        "an Equity whose times[1] is not after the one before",
    ),
    "needed trades in lists": _needed(
        "trades=[[1, 2.0]]", "an Outcome with trades[0] [1, 2.0], expected a ClosedTrade"
    ),
    "needed trades with a text": _needed(
        "trades=[ClosedTrade(fees='5')]", "an Outcome in which the fees of trades[0] is '5'"
    ),
    "an object in statistics": Row(
        "engine",
        _READ.format("Outcome(Statistics({'Net Profit': object()}))"),
        f"{_READING}it raised TypeError: statistic 'Net Profit' is object, expected a number, a "
        f"text or None{_EVERY}",
    ),
    "NaN in statistics": Row(
        "engine",
        _READ.format("Outcome(Statistics({'Net Profit': float('nan')}))"),
        f"{_READING}it raised ValueError: statistic 'Net Profit': nan is not a valid number",
    ),
    "read raises later": Row(
        "engine",
        """
class Engine(Engine):
    answers = 0

    def read(self, *arguments):
        self.answers += 1
        if self.answers > 1:
            raise KeyError("profit")
        return super().read(*arguments)
""",
        "",
        code=0,
        told=8,
        trial="the answer cannot be read: {me}, reading an answer: it raised KeyError: 'profit'",
    ),
}
