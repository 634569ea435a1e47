"""The text of a first pipeline: everything a search needs, with comments that say why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import prod
from typing import Final

from attrs import frozen

from leanopt_core.scaffold.document import Line, Section, document_text
from leanopt_core.scaffold.draft import Draft
from leanopt_core.scaffold.ranges import propose
from leanopt_core.scaffold.reads import Read

#: The method of the default, and how many points a space must have for it to be worth the models.
_DEFAULT, _FEW = "surrogate", 400
_LHS, _RANDOM = 64, 136
_PREFERRED: Final = ("Sharpe Ratio", "Compounding Annual Return", "Net Profit")
_TOP: Final = (
    "What is searched, how, and what counts as best. `leanopt check` says what is wrong, "
    "`leanopt plan` what would be done and how long it takes, `leanopt run` does it."
)
_SCENARIO: Final = (
    "Under what trials are backtested. Leave some years out, to look at once, afterwards."
)
_PARAMETERS: Final = (
    "What is searched: min, min + step, ..., exact and never past max. Others are written",
    "{ values = [1, 2, 5, 10] } or, without an order, { choices = [...] }; or fixed: x = 5.",
)
# What a strategy reads whose names are all made at run time.
_NONE: Final = Line("name", propose(Read("name")).value, off=True)
_CONSTRAINTS: Final = (
    "What a trial must keep to. Trials that do not are kept, but are never best.",
)
_FITNESS: Final = "What counts as best. `leanopt plugins` lists the fitness functions installed."
_EXECUTOR: Final = (
    "Where backtests run: warm containers. `leanopt plugins docker` has all options.",
)
_MODELLED: Final = (
    "How it is searched: models of the trials so far propose the next one. The methods that are "
    "installed: `leanopt plugins`. Several stages may follow one another."
)
_SAMPLED: Final = (
    "How it is searched, stage after stage; `leanopt plugins lhs` says what a method takes."
)


@frozen
class Installed:
    """The names of what may be used."""

    stages: Collection[str]
    fitness: Collection[str]


def pipeline_text(draft: Draft, installed: Installed) -> str:
    """Return a pipeline's text."""
    return document_text(_sections(draft, installed))


def _sections(draft: Draft, installed: Installed) -> Iterator[Section]:
    proposals = {read.name: propose(read) for read in draft.parameters}
    seed = Line("seed", 1, "every random choice comes from it")
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
        yield Section("[executor]", draft.executor, _EXECUTOR)
    yield from _stages(prod(one.levels for one in proposals.values()), installed)


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
    for place, (name, trials) in enumerate(usable.items()):
        lines = (Line("use", name), Line("trials", trials))
        yield Section("[[stage]]", lines, () if place else (_SAMPLED,))
