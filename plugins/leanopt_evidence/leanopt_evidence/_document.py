"""What the statistics say of a run as plain values, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import asdict

if TYPE_CHECKING:
    from leanopt_evidence._counted import Counted
    from leanopt_evidence._evidence import Evidence
    from leanopt_evidence._judged import SearchEvidence
    from leanopt_evidence._overfitting import Overfitting
    from leanopt_evidence._paths import PathEvidence
    from leanopt_evidence._track import Track
    from leanopt_evidence._verdict import Verdict


def document(found: Evidence) -> dict[str, Any]:
    """Return the evidence of a run: numbers, None where unknown with the reason beside it."""
    pairs = zip(found.searches, found.verdicts, strict=True)
    return {
        "verdict": verdict(found.verdict),
        "missing": found.missing,
        "trials": _counted(found.counted),
        "searches": [_search(one, own) for one, own in pairs],
        "paths": [_path(one) for one in found.paths],
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """Return a verdict as plain values."""
    return {"level": found.level, "text": found.text, "reasons": list(found.reasons)}


def _counted(counted: Counted) -> dict[str, Any]:
    tried = counted.tried
    return {
        "raw": tried.total,
        "in_runs": tried.in_runs,
        "single": tried.single,
        "looks": tried.looks,
        "deleted": tried.deleted,
        "effective": counted.effective,
        "method": counted.method,
        "with_returns": counted.grouped,
    }


def track(found: Track) -> dict[str, Any]:
    """Return what a series of daily returns shows as plain values."""
    return {
        "periods_a_year": found.periods,
        "moments": asdict(found.moments),
        "sharpe_a_year": found.sharpe_per_year,
        "probabilistic": asdict(found.probabilistic),
        "minimum_track_record": asdict(found.record),
        "intervals": {name: asdict(one) for name, one in found.intervals.items()},
    }


def _search(found: SearchEvidence, own: Verdict) -> dict[str, Any]:
    returns, days = found.returns, found.returns.days
    return {
        "search": found.number,
        "name": found.name,
        "verdict": verdict(own),
        "trial": found.trial,
        "returns": {
            "days": len(days),
            "first": str(days[0]) if len(days) else None,
            "last": str(days[-1]) if len(days) else None,
            "trials": len(returns.trials),
            "left_out": returns.left_out,
            "filled": returns.filled,
        },
        **track(found.track),
        "sharpe_variance": asdict(found.variance),
        "deflated": {"raw": asdict(found.deflated), "effective": asdict(found.effective)},
        "minimum_backtest_length": {
            "raw": asdict(found.length),
            "effective": asdict(found.effective_length),
        },
        "overfitting": _overfitting(found.overfitting),
        "against_cash": _against_cash(found),
    }


def _path(found: PathEvidence) -> dict[str, Any]:
    return {
        "name": found.name,
        "level": found.level,
        "days": len(found.days),
        "windows": found.windows,
        "gaps": found.gaps,
        "ended": found.ended,
        **track(found.track),
    }


def _overfitting(found: Overfitting) -> dict[str, Any]:
    names = ("probability", "loss", "slope", "intercept")
    values: Mapping[str, Any] = {name: asdict(getattr(found, name)) for name in names}
    return {**values, "even": found.even, "dominance": found.dominance, "dropped": found.dropped}


def _against_cash(found: SearchEvidence) -> dict[str, Any]:
    superior = found.superior
    return {
        "reality_check": asdict(found.white.p_value),
        "superior_ability": {
            name: asdict(getattr(superior, name)) for name in ("lower", "consistent", "upper")
        },
        "stepwise": {"trials": list(found.superior_trials), "reason": found.stepwise.reason},
    }
