"""The text of a first pipeline: everything a search needs, with comments."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import prod
from typing import Final

from attrs import frozen

from leanopt_core.scaffold.document import Line, Section, document_text
from leanopt_core.scaffold.draft import Draft
from leanopt_core.scaffold.ranges import propose
from leanopt_core.scaffold.reads import Read

#: The default method, and the size of a space above which it is used.
_DEFAULT, _FEW = "surrogate", 400
_LHS, _RANDOM = 64, 136
_PREFERRED: Final = ("Sharpe Ratio", "Compounding Annual Return", "Net Profit")
_TOP: Final = (
    "What to search, how, and what counts as best. `leanopt check` reports errors, "
    "`leanopt plan` shows what would run and how long it takes, `leanopt run` runs it."
)
_SCENARIO: Final = (
    "The settings of every backtest. Leave out some years, and name them by start and end in a "
    "table [holdout]: `leanopt holdout` tests the result on them, once."
)
_PARAMETERS: Final = (
    "The search space: min, min + step, ..., exact and never above max. Other forms:",
    "{ values = [1, 2, 5, 10] }; without order { choices = [...] }; fixed x = 5; on a log scale",
    '{ min = 1, max = 1000, levels = 20, scale = "log" }. when = "..." says where one counts.',
)
# Shown for a strategy whose parameter names are known only at run time.
_NONE: Final = Line("name", propose(Read("name")).value, off=True)
_CONSTRAINTS: Final = (
    "Constraints on trials. Trials that violate them are stored, but never best.",
)
_FITNESS: Final = "What counts as best. `leanopt plugins` lists the installed fitness functions."
_MODELLED: Final = (
    "The search method: models of the trials so far propose the next one. `leanopt plugins` "
    "lists the installed methods. A pipeline can have several stages."
)
_SAMPLED: Final = (
    "The search methods, one stage after the other. `leanopt plugins lhs` lists a method's options."
)


@frozen
class Installed:
    """The names of the installed plugins."""

    stages: Collection[str]
    fitness: Collection[str]


def pipeline_text(draft: Draft, installed: Installed) -> str:
    """Return a pipeline's text."""
    return document_text(_sections(draft, installed))


def _sections(draft: Draft, installed: Installed) -> Iterator[Section]:
    proposals = {read.name: propose(read) for read in draft.parameters}
    seed = Line("seed", 1, "seed of every random choice")
    yield Section("", (Line("name", draft.name.strip(". ")[:60] or "search"), seed), (_TOP,))
    yield Section("[strategy]", draft.strategy)
    yield Section("[scenario]", draft.scenario, (_SCENARIO,))
    lines = [Line(name, one.value, one.comment) for name, one in proposals.items()] or [_NONE]
    yield Section("[parameters]", lines, (*_PARAMETERS, *draft.said))
    limits = ["Drawdown <= 25%", "Total Orders >= 30"]
    examples = (Line("parameters", ["fast < slow"], off=True), Line("results", limits, off=True))
    yield Section("[constraints]", examples, _CONSTRAINTS)
    yield Section("[fitness]", _fitness(draft, installed), (_FITNESS,))
    if draft.executor:
        yield Section("[executor]", draft.executor, (_executor(draft),))
    yield from _stages(prod(one.levels for one in proposals.values()), installed)


def _executor(draft: Draft) -> str:
    use = next((line.value for line in draft.executor if line.key == "use"), "process")
    what = ": warm containers" if use == "docker" else ""
    return f"Where backtests run{what}. `leanopt plugins {use}` lists all options."


def _fitness(draft: Draft, installed: Installed) -> tuple[Line, ...]:
    if "statistic" not in installed.fitness and installed.fitness:
        return (Line("use", min(installed.fitness)),)
    known = [name for name in _PREFERRED if draft.lean or name in draft.statistics]
    statistic = next(iter([*known, *draft.statistics]), _PREFERRED[0])
    return (Line("use", "statistic"), Line("statistic", statistic), Line("direction", "max"))


def _stages(size: int, installed: Installed) -> Iterator[Section]:
    if _DEFAULT in installed.stages and size > _FEW:
        lines = (Line("use", _DEFAULT), Line("trials", _LHS + _RANDOM))
        yield Section("[[stage]]", lines, (_MODELLED,))
        return
    wanted = {"lhs": min(_LHS, max(1, size // 4)), "random": min(_RANDOM, max(1, size - size // 4))}
    usable = {name: trials for name, trials in wanted.items() if name in installed.stages}
    if not usable:
        usable = {min(installed.stages, default="lhs"): min(_LHS + _RANDOM, max(1, size))}
    for position, (name, trials) in enumerate(usable.items()):
        lines = (Line("use", name), Line("trials", trials))
        yield Section("[[stage]]", lines, () if position else (_SAMPLED,))
