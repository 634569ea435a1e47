"""What the numbers say, in plain words with explicit limits: never more certain than they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

from attrs import frozen

from leanopt_evidence._words import figure, percent, plural, probability

if TYPE_CHECKING:
    from leanopt_evidence._judged import SearchEvidence

Level = Literal["unknown", "luck", "unclear", "some", "strong"]
#: From the least to the most.
LEVELS: Final[tuple[Level, ...]] = ("unknown", "luck", "unclear", "some", "strong")
#: What a level says of the best result of a search.
TEXTS: Final[dict[Level, str]] = {
    "unknown": "These numbers cannot tell luck from skill.",
    "luck": "The best result is what luck alone would show.",
    "unclear": "Luck alone can explain the best result.",
    "some": "Some evidence of an edge.",
    "strong": "Evidence of an edge, as far as these days can show one.",
}
#: The levels in a table.
WORDS: Final[dict[Level, str]] = {
    "unknown": "unknown",
    "luck": "luck",
    "unclear": "unclear",
    "some": "some evidence",
    "strong": "evidence",
}
#: So many searches are named.
_NAMED: Final = 5
#: Below it the best of as many trials without skill is expected to show more.
EVEN: Final = 0.5
#: One minus the p-value from which on there is some evidence, and from which on more.
SOME, STRONG = 0.95, 0.99
#: The largest Probability of Backtest Overfitting for some evidence, and for more.
MOST, LEAST = 0.5, 0.1


@frozen
class Verdict:
    """What the numbers say: the `level`, a sentence, and the reasons, the weightiest first."""

    level: Level
    text: str
    reasons: tuple[str, ...]


def verdict_of(found: SearchEvidence) -> Verdict:
    """Return the verdict on the best trial of a search."""
    level = _level(found)
    return Verdict(level, TEXTS[level], tuple(_reasons(found)))


def _level(found: SearchEvidence) -> Level:
    sharpe, selected = found.track.moments.sharpe, found.selected.value
    if sharpe is None or selected is None:
        return "unknown"
    if sharpe <= 0 or selected < EVEN:
        return "luck"
    if selected < SOME or not _agree(found, 1 - SOME, MOST):
        return "unclear"
    raw = found.deflated.value if found.counted.raw > 1 else selected
    whole = found.track.record.whole
    sure = (
        raw is not None and raw >= STRONG and whole is not None and whole <= found.track.moments.n
    )
    return "strong" if sure and _agree(found, 1 - STRONG, LEAST) else "some"


def _agree(found: SearchEvidence, alpha: float, most: float) -> bool:
    """Return whether the tests of all trials are known and within their limits."""
    superior, overfitting = found.superior.consistent.value, found.overfitting.probability.value
    if superior is None or superior > alpha:
        return False
    # Of one trial nothing was chosen.
    return found.counted.raw == 1 or (overfitting is not None and overfitting <= most)


def _reasons(found: SearchEvidence) -> Iterator[str]:
    sharpe = found.track.sharpe_per_year
    if found.trial is None:
        yield "No trial has finished."
        return
    if sharpe is None:
        why = found.returns.reasons.get(found.trial) or found.track.moments.reason
        yield f"Trial {found.trial} has no Sharpe ratio: {why}."
        return
    days = plural(found.track.moments.n, "day")
    yield f"Trial {found.trial} has a Sharpe ratio of {figure(sharpe)} a year over {days}."
    yield from _selection(found)
    overfitting, superior = found.overfitting.probability, found.superior.consistent
    if overfitting.value is not None:
        yield (
            f"Chosen in one half of the days, the best is no better than the median trial in the "
            f"other half in {percent(overfitting.value)} of all halves (PBO)."
        )
    else:
        yield f"The Probability of Backtest Overfitting is unknown: {overfitting.reason}."
    if superior.value is not None:
        yield (
            "If no trial earned more than cash, one as good as the best would have the probability "
            f"{probability(superior.value)} (SPA)."
        )
    else:
        yield f"The test for superior ability is unknown: {superior.reason}."


def _selection(found: SearchEvidence) -> Iterator[str]:
    """Yield what the number of trials says."""
    counted, root = found.counted, found.track.periods**0.5
    if counted.raw == 1:
        yield "It is the only trial of its strategy, so nothing was selected."
        return
    expected = found.effective.threshold
    if expected is None:
        yield f"What luck alone would show is unknown: {found.effective.reason}."
        return
    amount = f"{plural(counted.raw, 'trial')} of this strategy"
    if round(counted.effective) < counted.raw:
        amount += f" ({counted.effective:,.0f} independent ones)"
    yield f"The best of {amount} is expected to show {figure(expected * root)} without any skill."
    if found.selected.value is not None:
        yield (
            f"The Deflated Sharpe Ratio is {probability(found.selected.value)}; {SOME} would be "
            "some evidence."
        )


def joined_verdict(names: Sequence[str], verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on several searches: that of the best, with how many share it.

    All trials of all searches count in each, so the best of several searches needs no more.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    level = max((one.level for one in verdicts), key=LEVELS.index)
    reasons = [f"{len(verdicts):,} searches: {_counted(verdicts)}."]
    if level in ("some", "strong"):
        found = [name for name, one in zip(names, verdicts, strict=True) if one.level == level]
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        reasons.append(f"{TEXTS[level].removesuffix('.')}: {', '.join(found[:_NAMED])}{more}.")
    return Verdict(level, TEXTS[level], tuple(reasons))


def _counted(verdicts: Sequence[Verdict]) -> str:
    """Return how many verdicts have each level, from the most to the least."""
    counts = {level: sum(one.level == level for one in verdicts) for level in reversed(LEVELS)}
    return ", ".join(f"{count:,} {WORDS[level]}" for level, count in counts.items() if count)
