"""What chosen trials show on days that did not choose them: the paths of a walk-forward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from leanopt_core.api import curve_of
from leanopt_evidence._aligned import PERIODS, Days
from leanopt_evidence._track import Sampling, Track, track_of
from leanopt_evidence._verdict import EVEN, SOME, Level, Verdict
from leanopt_evidence._words import figure, plural, probability

if TYPE_CHECKING:
    from leanopt_core.api import OpenStore, StoredRun

#: What daily returns are counted from.
_EPOCH = np.datetime64("0001-01-01") - 1
#: What a level says of the chosen trials out of sample.
OUTSIDE: dict[Level, str] = {
    "unknown": "The results out of sample cannot tell luck from skill.",
    "luck": "Out of sample, the chosen trials show no edge.",
    "unclear": "Luck alone can explain the result out of sample.",
    "some": "Some evidence of an edge out of sample.",
}


@frozen(eq=False)
class PathEvidence:
    """What the joined curve of a path shows, out of sample.

    `windows` are its tests, `gaps` counts those without returns by reason. `ended` is the reason if
    the curve stops before its days are over, and not with a total loss.
    """

    name: str
    days: Days
    track: Track
    windows: int
    gaps: dict[str, int]
    ended: str | None

    @property
    def level(self) -> Level:
        """Return the level of the verdict: at most `some`, and less if a window has no result.

        How many walk-forwards were tried before this one is not known, nor what the missing
        windows would have cost.
        """
        sharpe, probabilistic = self.track.moments.sharpe, self.track.probabilistic.value
        if sharpe is None or probabilistic is None or self.ended is not None:
            return "unknown"
        if sharpe <= 0 or probabilistic < EVEN:
            return "luck"
        return "some" if probabilistic >= SOME and not self.gaps else "unclear"


def path_evidence(store: OpenStore, run: StoredRun, sampling: Sampling) -> tuple[PathEvidence, ...]:
    """Return what each path of a run shows, nothing for a run without windows."""
    found = []
    for name, pieces in store.paths(run).items():
        curve = curve_of(pieces)
        values = np.array([*curve.values, *([-1.0] if curve.lost else [])])
        days = _EPOCH + np.array(curve.days, dtype="timedelta64[D]")
        gaps = Counter(one.gap or "" for one in pieces if one.returns is None)
        periods = len(curve.days) / curve.years if curve.years else PERIODS
        track = track_of(values, periods, sampling)
        ended = None if curve.lost else curve.ended
        found.append(PathEvidence(name, days, track, len(pieces), dict(gaps), ended))
    return tuple(found)


def path_verdict(paths: Sequence[PathEvidence], inside: Verdict) -> Verdict:
    """Return the verdict on a run with paths: that of the median one, or the lower of two.

    `inside` is the verdict on its searches.
    """
    ranked = sorted(paths, key=_rank)
    middle = ranked[(len(ranked) - 1) // 2]
    reasons = [*_reasons(middle)]
    if len(paths) > 1:
        reasons.insert(0, f"There are {len(paths):,} paths; the median one is {middle.name}.")
    reasons.append(
        f"In sample: {inside.text} {inside.reasons[0] if inside.reasons else ''}".strip()
    )
    return Verdict(middle.level, OUTSIDE[middle.level], tuple(reasons))


def _rank(path: PathEvidence) -> tuple[float, str]:
    """Return the key that sorts paths by Sharpe ratio, those without one first."""
    sharpe = path.track.sharpe_per_year
    return -np.inf if sharpe is None else sharpe, path.name


def _reasons(path: PathEvidence) -> list[str]:
    sharpe, track = path.track.sharpe_per_year, path.track
    found = []
    if path.ended is not None:
        found.append(f"The curve ends early: {path.ended}.")
    elif sharpe is None:
        found.append(f"The curve has no Sharpe ratio: {track.moments.reason}.")
    else:
        days = plural(track.moments.n, "day")
        found.append(
            f"On {days} that did not choose them, the chosen trials have a Sharpe ratio of "
            f"{figure(sharpe)} a year."
        )
    if track.probabilistic.value is not None:
        found.append(
            f"The Probabilistic Sharpe Ratio of that is {probability(track.probabilistic.value)}; "
            f"{SOME} would be some evidence."
        )
    for why, count in path.gaps.items():
        found.append(f"{count:,} of {plural(path.windows, 'window')} without a result: {why}.")
    if path.gaps:
        found.append("What these would have cost is unknown, so there is no evidence of an edge.")
    return found
