"""What the statistics say of a stored run: read, aligned, counted, computed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from leanopt_evidence import (
    Evidence,
    deflated_sharpe,
    effective_trials,
    evidence_of,
    moments,
    probability_of_overfitting,
    sharpe_variance,
    stationary_bootstrap,
    superior_ability,
)

import leanopt_core
from tests.stores_of_returns import FAILED, START, completed, of_matrix, store_run


def evidence(folder: Path, run: str | None = None, **more: int) -> Evidence:
    """Return the evidence of a stored run."""
    with leanopt_core.open_store(folder) as store:
        return evidence_of(store, store.run(run), **more)


def noise(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    """Return returns without skill."""
    return np.random.default_rng(seed).normal(0, 0.01, size=(rows, columns))


def test_it_is_what_the_functions_say_of_the_returns(tmp_path: Path) -> None:
    """Of the same 32-bit returns, put together here."""
    values = noise(300, 60) + np.linspace(0, 0.001, 60)
    best = int(moments_best(values))
    store_run(tmp_path, [of_matrix(values)], best=[best + 1])
    (found,) = evidence(tmp_path).searches
    equity = np.cumprod(np.vstack([np.ones(60), 1 + values]), axis=0) * 1e6
    returns = (equity[1:] / equity[:-1] - 1).astype(np.float32)
    assert (found.returns.values == returns).all()
    assert str(found.returns.days[0]) == str(np.datetime64("1970-01-01") + START + 1)
    assert found.returns.periods == 365
    assert found.trial == best + 1
    assert found.track.moments == moments(returns[:, best])
    variance = sharpe_variance(moments(column).sharpe for column in returns.T).value
    assert found.variance.value == pytest.approx(variance, rel=1e-6)
    assert found.counted.tried.total == 60
    amount = effective_trials(returns).value
    assert (found.counted.effective, found.counted.method) == (amount, "mean correlation")
    for ours, trials in ((found.deflated, 60), (found.effective, amount)):
        expected = deflated_sharpe(moments(returns[:, best]), trials, variance)
        assert ours.value == pytest.approx(expected.value, rel=1e-6)
    pbo = probability_of_overfitting(returns, 16)
    assert found.overfitting.probability == pbo.probability
    rows = stationary_bootstrap(300, 7, 1000, 0)
    assert found.superior.consistent == superior_ability(returns, rows, 7).consistent


def moments_best(values: np.ndarray) -> int:
    """Return the column with the highest Sharpe ratio."""
    return int(np.argmax(values.mean(axis=0) / values.std(axis=0, ddof=1)))


def test_it_repeats(tmp_path: Path) -> None:
    """The same store and seed give the same evidence, another seed another interval."""
    store_run(tmp_path, [of_matrix(noise(200, 8))])
    one, same, other = (evidence(tmp_path, seed=seed) for seed in (0, 0, 1))
    assert one.verdict == same.verdict
    assert one.searches[0].track.intervals == same.searches[0].track.intervals
    assert one.searches[0].track.intervals != other.searches[0].track.intervals


def test_failed_trials_and_those_of_other_runs_count(tmp_path: Path, leanopt) -> None:
    """In N, not among the returns; of a deleted run raw only."""
    values = noise(120, 20)
    values[:, 10:] = values[:, :10] + 1e-4 * values[:, 10:]
    store_run(tmp_path, [[*of_matrix(values[:, :5]), [FAILED], [completed(None)]]])
    second = store_run(tmp_path, [of_matrix(values[:, 5:15])])
    found = evidence(tmp_path).counted
    assert (found.raw, found.grouped, found.method) == (17, 15, "clusters")
    # Ten columns of noise, five of them twice: the two without returns are added.
    assert found.effective < 17
    (search,) = evidence(tmp_path, "trend-1").searches
    assert search.returns.left_out == {
        "strategy error": 1,
        "its daily returns are not stored (search.curves)": 1,
    }
    with leanopt_core.store.store.open_store(tmp_path / ".leanopt" / "leanopt.db") as store:
        store.runs.delete(second.id)
    later = evidence(tmp_path).counted
    assert (later.raw, later.grouped, later.tried.deleted) == (17, 5, 10)
    assert later.effective >= 12
    page = leanopt(tmp_path, "show", "--evidence").stdout
    assert "by clusters; 12 without daily returns of their own count as they are" in page


def test_trials_that_are_alike_amount_to_one(tmp_path: Path) -> None:
    """Then nothing was selected in effect: the Probabilistic Sharpe Ratio judges."""
    values = np.tile(noise(120, 1) + 0.002, (1, 6))
    store_run(tmp_path, [of_matrix(values)])
    (found,) = evidence(tmp_path).searches
    assert found.counted.effective == 1
    assert found.selected == found.track.probabilistic


def test_a_run_without_curves_says_what_is_missing(tmp_path: Path) -> None:
    """And how to get it."""
    store_run(tmp_path, [[[completed(None)], [completed(None)]]], curves="none")
    found = evidence(tmp_path)
    assert 'curves = "none"' in found.missing
    assert "run it again" in found.missing
    assert found.verdict.level == "unknown"
    (search,) = found.searches
    for value in (
        *(search.track.probabilistic, search.deflated, search.effective, search.length),
        *(search.overfitting.probability, search.white.p_value, search.superior.consistent),
        *(search.stepwise, search.track.record, *search.track.intervals.values()),
    ):
        assert value.reason
    store_run(tmp_path, [[[completed(None)], [completed(None)]]])
    assert "equity curve" in evidence(tmp_path).missing


def test_other_days_are_aligned(tmp_path: Path) -> None:
    """Days that a trial lacks count as unchanged, and are told."""
    first, second = noise(40, 2).T
    trials = [[completed(first)], [completed(second[:30], START + 10)]]
    store_run(tmp_path, [trials])
    (found,) = evidence(tmp_path).searches
    assert found.returns.values.shape == (40, 2)
    assert found.returns.values[:10, 1].tolist() == [0] * 10
    assert found.returns.values[10:, 1] == pytest.approx(second[:30], abs=1e-7)
    assert found.returns.filled == 1


def test_a_total_loss_counts_as_one(tmp_path: Path) -> None:
    """It is no reason to leave a trial out."""
    lost = np.concatenate([noise(20, 1)[:, 0] + 0.05, [-1.0], np.zeros(19)])
    store_run(tmp_path, [[[completed(lost)], [completed(noise(40, 1)[:, 0])]]])
    (found,) = evidence(tmp_path).searches
    assert found.returns.values[:, 0] == pytest.approx(lost, abs=1e-6)
    assert found.track.intervals["drawdown"].value == 1


def test_several_scenarios_are_one_portfolio(tmp_path: Path) -> None:
    """A day's return is the mean over the scenarios that have it; a failure in one fails all."""
    first, second = noise(40, 2).T
    trials = [
        [completed(first), completed(second[:30], START + 10)],
        [completed(second), FAILED],
    ]
    store_run(tmp_path, [trials], scenarios=2)
    (found,) = evidence(tmp_path).searches
    expected = np.concatenate([first[:10], (first[10:] + second[:30]) / 2])
    assert found.returns.trials == (1,)
    assert found.returns.values[:, 0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.long
def test_each_search_has_its_own_with_the_trials_of_all(tmp_path: Path) -> None:
    """And one of them alone says the same."""
    one, two = noise(200, 10, 1), noise(200, 10, 2)
    two[:, 0] += 0.004
    store_run(tmp_path, [of_matrix(one), of_matrix(two)])
    found = evidence(tmp_path)
    assert [each.counted.raw for each in found.searches] == [20, 20]
    assert found.verdict.level == max((v.level for v in found.verdicts), key=LEVELS.index)
    assert "2 searches" in found.verdict.reasons[0]
    alone = evidence(tmp_path, search=2)
    assert alone.verdict == found.verdicts[1]
    with pytest.raises(ValueError, match="no search 3"):
        evidence(tmp_path, search=3)


LEVELS = ("unknown", "luck", "unclear", "some", "strong")


def test_a_single_trial_was_not_selected(tmp_path: Path) -> None:
    """Its own error is all there is."""
    store_run(tmp_path, [[[completed(noise(250, 1)[:, 0] + 0.003)]]])
    found = evidence(tmp_path)
    (search,) = found.searches
    assert search.selected == search.track.probabilistic
    assert search.deflated.reason == "one trial: nothing was selected"
    assert found.verdict.level in ("some", "strong")
    assert "only trial" in " ".join(found.verdict.reasons)


def test_it_is_shown(tmp_path: Path, leanopt) -> None:
    """By the command, in words and as JSON; every unknown has its reason."""
    store_run(tmp_path, [[*of_matrix(noise(200, 8)), [FAILED]]])
    shown = leanopt(tmp_path, "show", "--evidence").stdout
    found = evidence(tmp_path)
    assert found.verdict.text in shown
    for label in ("effective trials", "SPA, p-value", "minimum track record", "StepM"):
        assert label in shown
    document = json.loads(leanopt(tmp_path, "show", "--evidence", "--json").stdout)
    luck = document["evidence"]["luck"]
    assert luck["verdict"]["level"] == found.verdict.level
    assert luck["trials"]["raw"] == 9
    (search,) = luck["searches"]
    deflated = search["deflated"]["effective"]["value"]
    assert math.isclose(deflated, found.searches[0].effective.value)
    assert_reasons(luck)


def assert_reasons(value: object) -> None:
    """Wherever a value is None that has a reason beside it, the reason is a text."""
    if isinstance(value, dict):
        if "reason" in value and "value" in value and value["value"] is None:
            assert value["reason"]
        for one in value.values():
            assert_reasons(one)
    elif isinstance(value, list):
        for one in value:
            assert_reasons(one)


def test_several_searches_are_a_table(tmp_path: Path, leanopt) -> None:
    """And each can be shown alone."""
    store_run(tmp_path, [of_matrix(noise(120, 4, seed)) for seed in (1, 2)])
    lines = leanopt(tmp_path, "show", "--evidence").stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("S")] == ["Searches", "S1", "S2"]
    alone = leanopt(tmp_path, "show", "trend-1", "--evidence", "--search", "S2").stdout
    assert "Calmar ratio" in alone
