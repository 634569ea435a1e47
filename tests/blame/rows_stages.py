"""Broken stages, and plugins that cannot be registered or imported."""

from __future__ import annotations

from tests.blame.broken import Row

_ASK = """
import random

class Stage(Stage):
    def ask(self, context):
        return {} if context.number == 5 else super().ask(context)
"""
_SPEC = """
from attrs import field, frozen

@frozen
class Options:
    {options}

@hookimpl
def leanopt_stages():
    return [StageSpec("broken", {factory!r}, Options)]
"""
_FOUND = 'stage[0].use: found "broken", expected an installed stage (plugin acme-broken: '


def _ask(made: str, says: str, told: int = 3) -> Row:
    # Trial 5 is asked for when trial 3 has been told.
    return Row("stage", _ASK.format(made), "{me}, asked for trial 5: " + says, told=told)


def _spec(says: str, options: str = "pass", factory: str = "acme_broken:make_stage") -> Row:
    return Row("stage", _SPEC.format(options=options, factory=factory), says, told=None)


def _because(because: str, says: str) -> Row:
    return _ask(f"Proposal(super().ask(context).point, because={because})", says)


def _tell(source: str, says: str, told: int = 0) -> Row:
    return Row("stage", f"class Stage(Stage):\n    {source}\n", "{me}, " + says, told=told)


def _hook(source: str, says: str) -> Row:
    return Row("stage", source, _FOUND + says, told=None)


def _checked(row: Row) -> Row:
    return Row(row.kind, row.source, row.says, told=None, command="check", whole=row.whole)


_IMPORT = Row(
    "stage",
    "import no_such_library\n",
    f"{_FOUND}cannot be imported (acme_broken): ModuleNotFoundError: "
    "No module named 'no_such_library')",
    told=None,
    whole=True,
)
_VALUED = """
class Judge(Judge):
    def __call__(self, backtests):
        return Fitness(1.0, values={"odds": 2.0})
"""


def _changes(place: str) -> Row:
    source = f"{_VALUED}\n\nclass Stage(Stage):\n    def tell(self, trial, context):\n        "
    says = "{me}, told trial 1: it raised TypeError: these values are read-only"
    return Row("stage", f"{source}{place} = 5.0\n", says, uses=("fitness",))


_LAZY = _spec(
    "'broken' of acme-broken 1.0 cannot be loaded from 'acme_absent:make': ModuleNotFoundError: "
    "No module named 'acme_absent'",
    factory="acme_absent:make",
)
_SIGNATURE = Row(
    "stage",
    "def make_stage():\n    return Stage()\n",
    "{me}, being built: it raised TypeError: make_stage() takes 0 positional arguments",
)

ROWS = {
    "stage cannot be imported": _IMPORT,
    "stage cannot be imported, in check": _checked(_IMPORT),
    "stage's factory cannot be imported": _LAZY,
    "stage's factory cannot be imported, in check": _checked(_LAZY),
    "stage's factory takes no arguments": _SIGNATURE,
    "stage's factory takes no arguments, in check": _checked(_SIGNATURE),
    "mutable default": _spec(
        f"{_FOUND}leanopt_stages: the options of 'broken' have a mutable default, Options.names = "
        "[]; write field(factory=list) or a tuple)",
        options="names: list = []",
    ),
    "validator that raises something else": _spec(
        "stage[0]: cannot be checked (stage 'broken' (acme-broken 1.0), checking its options: "
        "it raised ZeroDivisionError: division by zero)",
        options="gain: int = field(default=3, validator=lambda *_: 1 / 0)",
    ),
    "factory that is no path": _spec(
        f"{_FOUND}leanopt_stages: 'broken' has the factory 'make_stage', expected "
        "'package.module:callable')",
        factory="make_stage",
    ),
    "contracts of another version": Row(
        "stage",
        "LEANOPT_API_VERSION = 99\n",
        f"{_FOUND}is made for version 99 of the plugin contracts",
        told=None,
    ),
    "stage is None": Row(
        "stage",
        "def make_stage(options, start):\n    return None\n",
        "{me}, being built: it made None, which has no ask, tell, refused",
    ),
    "ask raises": _ask("{}['x']", "it raised KeyError: 'x'"),
    "ask exits": _ask("exit(0)", "it raised SystemExit: 0"),
    "ask returns a point": _ask("(3,)", "it returned (3,), expected a Proposal, WAIT or DONE"),
    "proposal off the grid": _ask(
        "Proposal((40,))", "it proposed (40,), which is off the grid of [40] levels"
    ),
    "proposal of floats": _ask(
        "Proposal((3.0,))", "it proposed (3.0,), expected a tuple of ints, a level for each axis"
    ),
    "stage uses global random state": _ask(
        "Proposal((random.randrange(40),))",
        "it used global random state; use context.random() instead",
    ),
    "proposal with an origin in bytes": _ask(
        "Proposal(super().ask(context).point, b'x')",
        "it gave the origin b'x', expected UTF-8 text",
    ),
    "explanation that is a list": _because("['luck']", "it gave"),
    "explanation with NaN": _because("{'gain': float('nan')}", "it gave"),
    "explanation with an object": _because("{'gain': object()}", "it gave"),
    "explanation that is too long": _because("{'gain': 'x' * 5000}", "it gave"),
    "waits for nothing": Row(
        "stage",
        "from leanopt_core.api import WAIT\n" + _ASK.format("WAIT"),
        "{me}, asked for trial 5: it returned WAIT, but there is no pending trial to wait for",
        told=4,
    ),
    "tell takes no context": _tell(
        "def tell(self, trial): pass",
        "told trial 1: it raised TypeError: Stage.tell() takes 2 positional arguments",
    ),
    "tell exits": _tell(
        "def tell(self, trial, context): exit(1)", "told trial 1: it raised SystemExit: 1"
    ),
    "refused raises": Row(
        "stage",
        """
class Stage(Stage):
    def ask(self, context):
        return Proposal((3,))

    def refused(self, point):
        raise RuntimeError("who says so")
""",
        "{me}, refused a repeat for trial 2: it raised RuntimeError: who says so",
    ),
    "contracts of no version": _hook(
        "del LEANOPT_API_VERSION\n", "declares no version of the plugin contracts"
    ),
    "contracts of the first version": _hook(
        "LEANOPT_API_VERSION = 1\n", "is made for version 1 of the plugin contracts"
    ),
    "hook that is gone": _hook(
        "@hookimpl\ndef leanopt_trial_told(run, record):\n    pass\n",
        "implements the unknown hook leanopt_trial_told",
    ),
    "hook without its mark": _hook(
        "def leanopt_should_stop(run, record):\n    pass\n",
        "defines leanopt_should_stop without @hookimpl",
    ),
    "hook that raises": Row(
        "stage",
        "@hookimpl\ndef leanopt_stages():\n    raise OSError('no list')\n",
        # Nobody knows what it would have registered: the pipeline's name may be wrong.
        "plugin acme-broken: leanopt_stages failed: OSError: no list",
        code=3,
        told=None,
    ),
    "options that are no attrs class": _hook(
        "@hookimpl\ndef leanopt_stages():\n"
        "    return [StageSpec('broken', 'acme_broken:make_stage', dict)]\n",
        "leanopt_stages: the options of 'broken' are <class 'dict'>, expected an attrs class",
    ),
    "changes a trial's values": _changes("trial.score.values['odds']"),
    "changes a trial's statistics": _changes("trial.statistics['default'].values['Drawdown']"),
    "changes a trial's scenarios": _changes("trial.statistics['default']"),
    "changes the history's values": _changes("context.history[-1].values['odds']"),
    "tell is async": _tell(
        "async def tell(self, trial, context): pass",
        "being built: it made <acme_broken.Stage object",
    ),
    "tell raises": Row(
        "stage",
        """
class Stage(Stage):
    def tell(self, trial, context):
        if trial.number == 3:
            raise ValueError("cannot learn that")
""",
        "{me}, told trial 3: it raised ValueError: cannot learn that",
        told=2,
    ),
}
