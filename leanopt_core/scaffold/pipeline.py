"""The text of a first pipeline: everything a search needs, with comments that say why."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from math import prod
from pathlib import Path
from typing import Final

from attrs import frozen

from leanopt_core.scaffold.ranges import Proposal, propose
from leanopt_core.scaffold.source import Source

#: The method of the default, and how many points a space must have for it to be worth the models.
_DEFAULT, _FEW = "surrogate", 400
_LHS, _RANDOM = 64, 136
_PREFERRED: Final = ("Sharpe Ratio", "Compounding Annual Return", "Net Profit")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
#: What a scenario has of its own, with an example of each.
_EXAMPLES: Final = {"start": "2010-01-04", "end": "2019-12-31", "cash": "100_000"}
_OWN: Final = ("name", "symbol", "data", *_EXAMPLES)


@frozen
class Installed:
    """The names of what may be used."""

    stages: Collection[str]
    fitness: Collection[str]


def pipeline_text(source: Source, folder: Path, installed: Installed) -> str:
    """Return a pipeline for a strategy, to be written into `folder`."""
    proposals = {read.name: propose(read) for read in source.parameters}
    sections = (
        _top(source),
        _strategy(source, folder),
        _scenario(source),
        _parameters(proposals),
        _constraints(),
        _fitness(source, installed),
        _stages(prod(one.levels for one in proposals.values()), installed),
    )
    return "\n".join("\n".join(lines) + "\n" for lines in sections)


def _top(source: Source) -> Iterator[str]:
    stem = source.file.stem
    name = source.file.resolve().parent.name if stem in ("strategy", "main") else stem
    yield "# What is searched, how, and what counts as best. `leanopt check` says what is wrong,"
    yield "# `leanopt plan` what would be done and how long it takes, `leanopt run` does it."
    yield ""
    yield f"name = {_quoted(name.strip('. ')[:60] or 'search')}"
    yield "seed = 1                # every random choice comes from it"


def _strategy(source: Source, folder: Path) -> Iterator[str]:
    beside = source.file.resolve().parent
    entry = Path(os.path.relpath(source.file.resolve(), folder.resolve())).as_posix()
    yield "[strategy]"
    yield f"entry = {_quoted(f'{entry}:{source.function}')}"
    if "data" in source.scenario:
        data = beside / "data"
        there = Path(os.path.relpath(data, folder.resolve())).as_posix()
        mark, said = ("", "the strategy finds it at scenario.data")
        if not data.exists():
            mark, said = "# ", "the strategy reads scenario.data: say here where the data is"
        yield f"{mark}data = {_quoted(there)}  # {said}"


def _scenario(source: Source) -> Iterator[str]:
    yield "# Under what trials are backtested. Leave some years out, to look at once, afterwards."
    yield "[scenario]"
    if "symbol" in source.scenario:
        yield 'symbol = "SPY"          # the strategy reads scenario.symbol: set yours'
    for name, example in _EXAMPLES.items():
        if name in source.scenario:
            yield f"# {name} = {example}"
    for name in source.scenario:
        if name not in _OWN:
            yield f"# {name} = ...            # the strategy reads scenario.{name}"


def _parameters(proposals: dict[str, Proposal]) -> Iterator[str]:
    yield "# What is searched: min, min + step, ..., exact and never past max. Others are written"
    yield "# { values = [1, 2, 5, 10] } or, without an order, { choices = [...] }; or fixed: x = 5."
    yield "[parameters]"
    for name, proposal in proposals.items():
        key = name if _BARE_KEY.fullmatch(name) else _quoted(name)
        comment = f"  # {proposal.comment}" if proposal.comment else ""
        yield f"{key} = {proposal.value}{comment}"


def _constraints() -> Iterator[str]:
    yield "# What a trial must keep to. Trials that do not are kept, but are never best."
    yield "[constraints]"
    yield '# parameters = ["fast < slow"]'
    yield '# results = ["Drawdown <= 25%", "Total Orders >= 30"]'


def _fitness(source: Source, installed: Installed) -> Iterator[str]:
    yield "# What counts as best. `leanopt plugins` lists the fitness functions that are installed."
    yield "[fitness]"
    if "statistic" not in installed.fitness and installed.fitness:
        yield f"use = {_quoted(min(installed.fitness))}"
        return
    known = [name for name in _PREFERRED if source.lean or name in source.statistics]
    statistic = next(iter([*known, *source.statistics]), _PREFERRED[0])
    yield 'use = "statistic"'
    yield f"statistic = {_quoted(statistic)}"
    yield 'direction = "max"'


def _stages(size: int, installed: Installed) -> Iterator[str]:
    return (
        _modelled() if _DEFAULT in installed.stages and size > _FEW else _sampled(size, installed)
    )


def _modelled() -> Iterator[str]:
    yield "# How it is searched: models of the trials so far propose the next one. The methods that"
    yield "# are installed: `leanopt plugins`. Several stages may follow one another."
    yield "[[stage]]"
    yield f"use = {_quoted(_DEFAULT)}"
    yield f"trials = {_LHS + _RANDOM}"


def _sampled(size: int, installed: Installed) -> Iterator[str]:
    yield "# How it is searched, stage after stage; `leanopt plugins lhs` says what a method takes."
    wanted = {"lhs": min(_LHS, max(1, size // 4)), "random": min(_RANDOM, max(1, size - size // 4))}
    usable = {name: trials for name, trials in wanted.items() if name in installed.stages}
    if not usable:
        usable = {min(installed.stages, default="lhs"): min(_LHS + _RANDOM, max(1, size))}
    for place, (name, trials) in enumerate(usable.items()):
        if place:
            yield ""
        yield "[[stage]]"
        yield f"use = {_quoted(name)}"
        yield f"trials = {trials}"


def _quoted(text: str) -> str:
    """Return a TOML text: JSON's escapes are TOML's too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
