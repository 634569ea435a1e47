"""What the statistics say of a run, as a section of `leanopt show --evidence`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import sqrt
from typing import TYPE_CHECKING, Final

from leanopt_core.api import SectionRow, SectionTable, ShowSection
from leanopt_evidence._document import document
from leanopt_evidence._evidence import Evidence, evidence_of
from leanopt_evidence._verdict import WORDS
from leanopt_evidence._words import figure, percent, plural, probability

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredRun
    from leanopt_evidence._bootstrap import Interval
    from leanopt_evidence._counted import Counted
    from leanopt_evidence._inputs import Estimate
    from leanopt_evidence._judged import SearchEvidence
    from leanopt_evidence._paths import PathEvidence
    from leanopt_evidence._selection import BacktestLength, Deflated
    from leanopt_evidence._track import Track

_TITLE: Final = "How much of it is luck"
_CAVEAT: Final = (
    "A probability here is one minus a p-value, not the chance that the strategy is good. Ideas "
    "that were dropped before are trials too, and no store knows them."
)
_HEAD: Final = (
    *("search", "trial", "Sharpe a year", "luck would show", "Deflated", "PBO", "SPA p-value"),
    "verdict",
)
_PATHS: Final = ("path", "days", "Sharpe a year", "Probabilistic", "drawdown", "verdict")
#: So many trials are named.
_NAMED: Final = 5


def make(store: OpenStore, run: StoredRun, search: int | None) -> ShowSection:
    """Return the section of a run, or of one of its searches."""
    return section_of(evidence_of(store, run, search=search))


def section_of(found: Evidence) -> ShowSection:
    """Return what is known of a run as a section of `leanopt show`."""
    rows, tables = list(_trials(found.counted)), []
    if len(found.paths) == 1:
        rows.extend(track_rows(found.paths[0].track, "of the path"))
    elif found.paths:
        tables.append(SectionTable("Paths", _PATHS, tuple(_path_cells(found.paths))))
    if len(found.searches) > 1:
        tables.append(SectionTable("Searches", _HEAD, tuple(_cells(found))))
    elif not found.paths:
        rows.extend(_figures(found.searches[0]))
    missing = () if found.missing is None else (found.missing,)
    text = (found.verdict.text, *missing, *found.verdict.reasons, _CAVEAT)
    return ShowSection(_TITLE, text, tuple(rows), tuple(tables), document(found))


def _cells(found: Evidence) -> Iterator[tuple[str | float | None, ...]]:
    """Yield a row for each search."""
    for one, verdict in zip(found.searches, found.verdicts, strict=True):
        root, expected = sqrt(one.track.periods), one.effective.threshold
        yield (
            *(one.name, one.trial, _told(one.track.sharpe_per_year, figure)),
            _told(None if expected is None else expected * root, figure),
            _told(one.selected.value, probability),
            _told(one.overfitting.probability.value, percent),
            *(_told(one.superior.consistent.value, probability), WORDS[verdict.level]),
        )


def _told(value: float | None, shown: Callable[[float], str]) -> str | None:
    return None if value is None else shown(value)


def _path_cells(paths: Iterable[PathEvidence]) -> Iterator[tuple[str | float | None, ...]]:
    """Yield a row for each path."""
    for one in paths:
        track = one.track
        yield (
            *(one.name, f"{len(one.days):,}", _told(track.sharpe_per_year, figure)),
            _told(track.probabilistic.value, probability),
            *(_told(track.intervals["drawdown"].value, percent), WORDS[one.level]),
        )


def _trials(counted: Counted) -> Iterator[SectionRow]:
    tried = counted.tried
    sources = (
        (tried.in_runs, "in runs"),
        (tried.single, "backtests outside runs"),
        (tried.looks, "looks at a holdout"),
        (tried.deleted, "in deleted runs"),
    )
    where = ", ".join(f"{count:,} {what}" for count, what in sources if count)
    yield SectionRow("trials of the strategy", f"{tried.total:,}", where)
    raw = tried.total - counted.grouped
    notes = [f"by {counted.method}"] if counted.method else []
    if raw:
        notes.append(f"{raw:,} without daily returns of their own count as they are")
    note = "; ".join(notes)
    yield SectionRow("effective trials", f"{counted.effective:,.1f}".removesuffix(".0"), note)


def _figures(found: SearchEvidence) -> Iterator[SectionRow]:
    """Yield the figures of one search."""
    returns = found.returns
    notes = [f"{count:,} left out: {why}" for why, count in returns.left_out.items()]
    if returns.filled:
        notes.append(f"{returns.filled:,} lack days of others, which count as unchanged")
    if len(returns.days):
        span = f"{returns.days[0]} to {returns.days[-1]}, {returns.periods:.0f} days a year"
        notes.insert(0, span)
    yield SectionRow("trials with daily returns", f"{len(returns.trials):,}", "; ".join(notes))
    yield from track_rows(found.track, "as if it was not chosen")
    yield from _selected(found)
    yield from _overfitting(found)
    yield from _against_cash(found)


def track_rows(track: Track, of: str) -> Iterator[SectionRow]:
    """Yield the figures of one series of daily returns; `of` says which it is."""
    root = sqrt(track.periods)
    yield _interval("Sharpe ratio a year", track.intervals["sharpe"], lambda x: figure(x * root))
    yield _interval("Calmar ratio", track.intervals["calmar"], figure)
    yield _interval("drawdown", track.intervals["drawdown"], percent)
    yield _probability("Probabilistic Sharpe Ratio", track.probabilistic, of)
    record, have = track.record, f"for 0.95 of that; it has {plural(track.moments.n, 'day')}"
    length = None if record.whole is None else plural(record.whole, "day")
    yield SectionRow("minimum track record", length, have if length else str(record.reason))


def _selected(found: SearchEvidence) -> Iterator[SectionRow]:
    """Yield what the number of trials makes of the best one."""
    counted, root = found.counted, sqrt(found.track.periods)
    numbers = ((counted.effective, "effective "), (float(counted.raw), ""))
    for deflated, (_, kind) in zip((found.effective, found.deflated), numbers, strict=True):
        luck = deflated.threshold
        note = "" if luck is None else f"luck would show {figure(luck * root)} a year"
        name = f"Deflated Sharpe Ratio, {kind}trials"
        yield _probability(name, deflated, note)
    for length, (_, kind) in zip((found.effective_length, found.length), numbers, strict=True):
        yield _length(f"minimum backtest length, {kind}trials", length, found.years)


def _length(label: str, length: BacktestLength, years: float) -> SectionRow:
    if length.years is None:
        return SectionRow(label, None, str(length.reason))
    note = f"it has {figure(years)}; with fewer, independent trials show this ratio by luck"
    return SectionRow(label, f"{figure(length.years)} years", note)


def _overfitting(found: SearchEvidence) -> Iterator[SectionRow]:
    pbo = found.overfitting
    even = "" if not pbo.even else f"; {percent(pbo.even)} exactly the median"
    yield _share(
        "Probability of Backtest Overfitting", pbo.probability, f"chosen by Sharpe ratio{even}"
    )
    if pbo.probability.value is None:
        return
    yield _share("probability of loss", pbo.loss, "of the chosen trial in the other half")
    slope = pbo.slope.value
    note = "Sharpe ratio in the other half for each 1 of the chosen one"
    yield SectionRow(
        "slope of degradation",
        None if slope is None else figure(slope),
        str(pbo.slope.reason) if slope is None else note,
    )
    order = f"{pbo.dominance} order" if pbo.dominance else "no"
    yield SectionRow("stochastic dominance", order, "of the chosen trial over the mean of all")


def _against_cash(found: SearchEvidence) -> Iterator[SectionRow]:
    """Yield the tests of all trials against cash."""
    yield _probability("Reality Check, p-value", found.white.p_value, "all trials against cash")
    bounds = (found.superior.lower.value, found.superior.upper.value)
    low, high = (None if one is None else probability(one) for one in bounds)
    yield _probability("SPA, p-value", found.superior.consistent, f"lower {low}, upper {high}")
    reason, names = found.stepwise.reason, found.superior_trials
    several = ", ".join(map(str, names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")
    note = reason or (f"trials {several}" if names else "no trial beats cash beyond luck")
    value = None if reason else f"{len(names):,} of {len(found.returns.trials):,}"
    yield SectionRow("StepM, trials better than cash", value, note)


def _interval(label: str, found: Interval, shown: Callable[[float], str]) -> SectionRow:
    if found.value is None:
        return SectionRow(label, None, str(found.reason))
    if found.low is None or found.high is None:
        return SectionRow(label, shown(found.value), f"no interval: {found.reason}")
    return SectionRow(label, shown(found.value), f"95%: {shown(found.low)} to {shown(found.high)}")


def _probability(label: str, found: Estimate | Deflated, note: str) -> SectionRow:
    if found.value is None:
        return SectionRow(label, None, str(found.reason))
    return SectionRow(label, probability(found.value), note)


def _share(label: str, found: Estimate, note: str) -> SectionRow:
    if found.value is None:
        return SectionRow(label, None, str(found.reason))
    return SectionRow(label, percent(found.value), note)
