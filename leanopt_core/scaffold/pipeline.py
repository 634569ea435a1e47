"""A first pipeline: what it is made of, and its text with comments that say why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from textwrap import wrap
from typing import Final

from attrs import field, frozen

from leanopt_core.pipeline.toml import key_text, printable, toml_value
from leanopt_core.scaffold.ranges import propose
from leanopt_core.scaffold.reads import Read

_WIDTH: Final = 100


@frozen
class Line:
    """`key = value` and what to say of it; one that is `off` is written as a comment."""

    key: str
    value: object
    comment: str = ""
    off: bool = False


@frozen
class Section:
    """A table: its header (empty at the top of the file), what to say of it, and its lines."""

    header: str
    lines: Sequence[Line] = ()
    said: Sequence[str] = ()


def document_text(sections: Iterable[Section]) -> str:
    """Return the TOML text of a pipeline."""
    return "\n".join("\n".join(_section(one)) + "\n" for one in sections)


def _section(section: Section) -> Iterator[str]:
    for text in section.said:
        yield from _comment(text)
    if section.header:
        yield section.header
    elif section.said and section.lines:
        yield ""
    for line in section.lines:
        yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    """Yield the line; a comment that is too long to stand behind it stands before it."""
    written = f"{'# ' if line.off else ''}{key_text((line.key,))} = {toml_value(line.value)}"
    comment = printable(line.comment)
    if comment and len(written) + len(comment) + len("  # ") > _WIDTH:
        yield from _comment(comment)
        comment = ""
    yield f"{written}  # {comment}" if comment else written


def _comment(text: str) -> Iterator[str]:
    """Yield a comment's lines; those of an item of a list hang below its text."""
    hanging = "  " if text.startswith("- ") else ""
    lines = wrap(printable(text), _WIDTH - 2, subsequent_indent=hanging, break_on_hyphens=False)
    for line in lines or [""]:
        yield f"# {line}".rstrip()


@frozen
class InitWish:
    """What `leanopt init` is asked for.

    `strategy` is the path that the user names, `folder` the pipeline's; `algorithm` chooses a class
    where the strategy has several, None where nobody chose.
    """

    strategy: Path
    folder: Path
    algorithm: str | None = None

    @property
    def project(self) -> Path:
        """Return the strategy's folder."""
        return self.strategy if self.strategy.is_dir() else self.strategy.parent


@frozen
class Draft:
    """A pipeline's name and tables, as far as the strategy decides them.

    `source` is what reads the parameters and `example` how one is read, for messages. `statistics`
    are the names that it is known to return, `lean` says that all of LEAN's are. `said` stands
    above `[parameters]`. `variables` are those of the environment that the pipeline refers to, with
    what each is. `unsure` says that the strategy may read more than `parameters`.
    """

    name: str
    source: str
    example: str
    strategy: tuple[Line, ...]
    scenario: tuple[Line, ...]
    parameters: tuple[Read, ...]
    statistics: tuple[str, ...] = ()
    lean: bool = False
    executor: tuple[Line, ...] = ()
    said: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(factory=dict)
    unsure: bool = False


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
