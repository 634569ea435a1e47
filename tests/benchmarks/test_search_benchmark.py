"""The search benchmark: landscapes against their sources, runs against what came of them."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import partial
from itertools import product
from math import cos, exp, inf, isnan, prod
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from landscapes import (  # noqa: E402
    HELD_OUT,
    LANDSCAPES,
    TUNED,
    enumerate_quickstart,
    enumerated,
    landscape,
    lean,
    lean_bars,
    quickstart,
    reversion,
    rotation,
)
from landscapes import synthetic as made  # noqa: E402
from leanopt_harness import Parameters, Scenario  # noqa: E402
from peers.catcma import CatCmaPeer  # noqa: E402
from peers.optuna_samplers import OptunaPeer, missing  # noqa: E402
from peers.plain_ga import PlainGA  # noqa: E402
from search import drive, figures, keep, paired, report, sources  # noqa: E402
from search.methods import METHODS, Method, Part, make_peer  # noqa: E402
from search.page import filled  # noqa: E402
from search.picture import picture  # noqa: E402
from search.ran import run_as  # noqa: E402
from search.tables import tables  # noqa: E402
from search.verdicts import signs, verdicts  # noqa: E402

from leanopt_core.scoring import Scorer  # noqa: E402
from leanopt_core.space import Axis, ParameterConstraint, Space  # noqa: E402
from leanopt_core.statistics import Statistics  # noqa: E402
from leanopt_core.trial import Score  # noqa: E402
from leanopt_core.work import Outcome  # noqa: E402

pytestmark = pytest.mark.long  # `make test` runs a few of them

SIZES = {
    "smooth": 679_140,
    "rugged": 679_140,
    "cliff": 679_140,
    "nasdaq": 938_000,
    "sp500": 938_000,
    "mixed": 867_600,
    "lean_sharpe": 4_800,
    "lean_calmar": 4_800,
    "aapl": 679_140,
    "ibm_reversion": 172_800,
    "rotation": 307_800,
}
RANDOM = Method("random", "", (Part("random"),))


def some_points(space: Space, count: int) -> list[tuple[int, ...]]:
    """Return random points of the grid, of which some break constraints."""
    draw = random.Random(5)
    return [tuple(draw.randrange(len(axis)) for axis in space.axes) for _ in range(count)]


# landscapes


@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscape_has_its_size_and_a_best_point_that_counts(name: str) -> None:
    """Sizes are as published, and the best point scores the best."""
    here = landscape(name)
    assert here.size == SIZES[name]
    assert len(here.objective) == len(here.violation) == here.space.grid_size
    equal = np.flatnonzero((here.objective == here.best) & (here.violation == 0))
    scores = [here.score(here.space.point_at(int(rank))) for rank in equal]
    assert any(one.feasible and one.objective == here.best for one in scores)
    assert here.regret_of_top(1) == 0
    assert here.regret_of_top(10) > 0


@pytest.mark.parametrize("name", ["nasdaq", "mixed"])
def test_only_points_within_the_constraints_count(name: str) -> None:
    """Whether a point is allowed is what the space says, and the others are not counted."""
    here = landscape(name)
    for point in some_points(here.space, 500):
        rank = here.space.grid_index(point)
        assert bool(here._allowed[rank]) == here.space.feasible(point)
    usable = (here.violation == 0) & ~np.isnan(here.objective) & here._allowed
    assert len(here.valid) == usable.sum()


def test_synthetic_values_are_the_formulas() -> None:
    """A point's value, worked out again with scalars, is the array's."""
    for point in some_points(made.grid(), 200):
        ends = [length - 1 for length in made.LENGTHS.values()]
        away = [(k - t) / end for k, t, end in zip(point, made.TOP, ends, strict=True)]
        bowl = sum(w * d * d for w, d in zip(made.WEIGHTS, away, strict=True))
        bowl += sum(weight * away[i] * away[j] for i, j, weight in made.TOGETHER)
        assert landscape("smooth").score(point).objective == pytest.approx(10 - 3 * bowl, abs=1e-6)
        hill = 0.0
        for height, width, top in made.HILLS:
            away = [(k - t) / end / width for k, t, end in zip(point, top, ends, strict=True)]
            hill = max(hill, height * exp(-sum(d * d for d in away)))
        ripples = sum(cos(2.1 * k + 1.3 * i) for i, k in enumerate(point))
        worth = hill + made.RIPPLE * ripples
        assert landscape("rugged").score(point).objective == pytest.approx(worth, abs=1e-6)


def test_cliff_has_terraces_and_two_kinds_of_points_that_do_not_count() -> None:
    """Values come in steps; some points have no value, others violate something by some size."""
    cliff = landscape("cliff")
    assert set(np.unique(cliff.valid % made.STEP)) == {0.0}
    scores = [cliff.score(point) for point in some_points(cliff.space, 300)]
    assert any(one.objective is None and one.reasons for one in scores)
    assert len({one.violation for one in scores}) > 10


@pytest.mark.parametrize("name", quickstart.SYMBOLS)
def test_quickstart_landscape_is_what_the_quickstart_finds(name: str) -> None:
    """Random points, backtested and scored as the quickstart does, agree to the kept digits."""
    here, pipeline = landscape(name), quickstart.pipeline(quickstart.SYMBOLS[name])
    fitness = pipeline.fitness.registered.load()(pipeline.fitness.options)
    scorer = Scorer(fitness, pipeline.constraints, label="")
    growth_digits = quickstart.GROWTH_UNIT / 2
    for point in some_points(here.space, 12):
        statistics = Statistics.read(backtested(pipeline, here.space.values(point)))
        real = scorer({"default": Outcome(statistics)})
        kept = here.score(point)
        assert (kept.objective is None) == (real.objective is None)
        assert kept.violation == pytest.approx(real.violation, abs=1e-3)
        if real.objective is not None and kept.objective is not None:
            drawdown = statistics.drawdown
            assert drawdown is not None
            allowed = (growth_digits + abs(real.objective) * quickstart.DRAWDOWN_UNIT) / drawdown
            assert kept.objective == pytest.approx(real.objective, abs=allowed)


def backtested(pipeline: object, values: dict[str, object]) -> dict[str, object]:
    """Return the statistics of the real strategy at these parameters."""
    given = pipeline.scenarios[0]
    scenario = Scenario(
        symbol=given.symbol,
        start=given.start,
        end=given.end,
        cash=float(given.cash),
        data=quickstart.DATA,
    )
    plain = {name: v if isinstance(v, str | int) else float(v) for name, v in values.items()}
    return dict(quickstart.strategy().run(Parameters(plain), scenario).statistics)


def test_enumeration_trades_as_the_strategy_does() -> None:
    """In one block, return, drawdown and trades equal the strategy's but for the last bit."""
    pipeline = quickstart.pipeline("ixic")
    inner = enumerate_quickstart.inner_values(pipeline)
    some = random.Random(3).sample(range(len(inner["risk"])), 6)
    picked = {name: column[some] for name, column in inner.items()}
    found = enumerate_quickstart.backtest(pipeline, 12, 50, picked)
    for i, (growth, drawdown, trades) in enumerate(zip(*found, strict=True)):
        values = {name: column[i].item() for name, column in picked.items()}
        trail = "trailing" if values["trail"] else "fixed"
        point = {**pipeline.space.fixed, **values, "trail": trail, "fast": 12, "slow": 50}
        statistics = Statistics.read(backtested(pipeline, point))
        assert growth == pytest.approx(statistics.compounding_annual_return, abs=1e-12)
        assert drawdown == pytest.approx(statistics.drawdown, abs=1e-12)
        assert trades == statistics.closed_trades


def test_lean_landscapes_are_leans_statistics() -> None:
    """Sharpe ratios are the file's texts, returns over drawdowns its per cents."""
    with gzip.open(lean.FILE, "rt", encoding="utf-8") as file:
        header, *lines = map(json.loads, file)
    sharpe, calmar = landscape("lean_sharpe"), landscape("lean_calmar")
    names = header["statistics"]
    for levels, values in random.Random(1).sample(lines, 300):
        point = sharpe.space.point(dict(zip(header["axes"], levels, strict=True)))
        known = dict(zip(names, values, strict=True))
        assert sharpe.score(point).objective == float(known["Sharpe Ratio"])
        assert sharpe.score(point).feasible == (int(known["Total Orders"]) >= 10)
        growth = float(known["Compounding Annual Return"].rstrip("%"))
        drawdown = max(float(known["Drawdown"].rstrip("%")), 0.1)
        if growth > 0:
            assert calmar.score(point).objective == pytest.approx(growth / drawdown)


def test_enumerated_landscape_is_its_file() -> None:
    """A point's score is the file's number at its levels; without a number it has no fitness."""
    with np.load(enumerated.array_file("aapl")) as held:
        kept = dict(held)
    here = landscape("aapl")
    shape = [len(kept[f"axis{i}"]) for i in range(7)]
    by_levels = kept["fitness"].reshape(shape)
    for point in some_points(here.space, 300):
        score, known = here.score(point), float(by_levels[point])
        assert (score.objective is None) == isnan(known)
        assert isnan(known) or score.objective == known
        values = [float(value) for value in here.space.values(point).values()]
        assert values == [float(kept[f"axis{i}"][k]) for i, k in enumerate(point)]


def test_page_says_of_every_landscape_what_was_tuned_on_it() -> None:
    """Two are held out and known as such, and none is forgotten."""
    assert set(TUNED) == set(LANDSCAPES)
    assert [name for name in TUNED if "held out" in TUNED[name]] == list(HELD_OUT)


@pytest.mark.parametrize("name", ["aapl", "ibm_reversion", "rotation"])
def test_enumerated_file_is_small(name: str) -> None:
    """Under 2 MB, and part of the points has no fitness."""
    assert enumerated.array_file(name).stat().st_size < 2_000_000
    here = landscape(name)
    assert 0.2 < len(here.valid) / here.size < 0.9


def walk(days: int, columns: int) -> object:
    """Return made-up prices."""
    steps = np.random.default_rng(4).normal(0.0004, 0.02, size=(days, columns))
    return 100 * np.exp(np.cumsum(steps, axis=0))


def test_reversion_trades_as_its_page_says() -> None:
    """One account followed day by day in scalars has the same Sharpe ratio."""
    close = walk(3000, 1)[:, 0]
    bars = np.column_stack([close * 1.01, close * 0.99, close])
    found = reversion._block(bars, 20, "none")
    inner = list(product(*(reversion.AXES[name] for name in list(reversion.AXES)[2:])))
    for i in random.Random(2).sample(range(len(inner)), 8):
        worth = reverted(bars, *inner[i])
        assert isnan(found[i]) if worth is None else found[i] == pytest.approx(worth)


def reverted(bars: object, side: str, enter: float, leave: float, stop: float, hold: int) -> object:
    """Return the Sharpe ratio of one account, None with too few trades."""
    close, high, low = bars[:, 2], bars[:, 0], bars[:, 1]
    held, entry, since, trades, gains = 0, 0.0, 0, 0, []
    for day in range(reversion.CALM, len(close)):
        seen = close[day - 19 : day + 1]
        z = (close[day] - seen.mean()) / seen.std()
        ranges = [
            max(high[t], close[t - 1]) - min(low[t], close[t - 1]) for t in range(day - 19, day + 1)
        ]
        gain, before = held * (close[day] / close[day - 1] - 1), held
        if held:
            since += 1
            lost = held * (close[day] - entry) < -stop * sum(ranges) / 20
            if held * z >= -leave or lost or since >= hold:
                held = 0
        elif z <= -enter or (side == "both" and z >= enter):
            held, entry, since, trades = (1 if z <= -enter else -1), close[day], 0, trades + 1
        gains.append(gain - reversion.COST * abs(held - before))
    if trades < reversion.MIN_TRADES:
        return None
    return np.mean(gains) / np.std(gains) * np.sqrt(reversion.YEAR)


def test_rotation_holds_the_strongest() -> None:
    """Equal weights of the best by rise, followed day by day, give the same return and drawdown."""
    prices = walk(2500, 5)
    found = rotation._block(prices, rotation._strength(prices, 60, 5, "none", None))
    cash, peak, drawdown, held, last = 1.0, 1.0, 0.0, set(), len(prices) - 1
    for day in range(rotation.WARMUP, last):
        cost = 0.0
        if (day - rotation.WARMUP) % 21 == 0:
            rise = prices[day - 5] / prices[day - 60] - 1
            strongest = set(np.argsort(-rise)[:2])
            cost, held = rotation.COST * len(strongest ^ held) / 2, strongest
        if day >= rotation.WARMUP + rotation.VOLATILITY:
            cash *= 1 + sum(prices[day + 1, i] / prices[day, i] - 1 for i in held) / 2 - cost
        peak = max(peak, cash)
        drawdown = max(drawdown, 1 - cash / peak)
    growth = cash ** (rotation.YEAR / (last - rotation.WARMUP)) - 1
    wide = rotation.AXES["target"].index(max(rotation.AXES["target"]))
    at = rotation.AXES["keep"].index(2), rotation.AXES["every"].index(21), 0, wide
    assert found[at] == pytest.approx(growth / drawdown)


def test_bars_are_adjusted_by_the_factor_files(tmp_path: Path) -> None:
    """A factor holds to its date; the last bars are as traded."""
    folder = tmp_path / "equity" / "usa"
    for name in ("daily", "factor_files"):
        (folder / name).mkdir(parents=True)
    (folder / "factor_files" / "abc.csv").write_text("20200102,0.5,0.5,1\n20200103,0.8,1,1\n")
    rows = [f"2020010{day} 00:00,1,30000,10000,20000,5" for day in (2, 3, 6)]
    with ZipFile(folder / "daily" / "abc.zip", "w") as packed:
        packed.writestr("abc.csv", "\n".join(rows))
    bars = lean_bars.daily(tmp_path, "abc")
    assert [bar[2] for bar in bars.values()] == pytest.approx([0.5, 1.6, 2.0])


# runs


@pytest.mark.parametrize("lookahead", [1, 16])
def test_run_finds_the_best_of_what_it_proposed(lookahead: int) -> None:
    """Gains are the running best over the first points of the random plugin's own order."""
    here = landscape("lean_calmar")
    trace = drive.run(RANDOM, here, lookahead, seed=3, budget=200)
    assert trace == drive.run(RANDOM, here, lookahead, seed=3, budget=200)
    assert all(1 <= number <= 200 for number, _ in trace.gains)
    everything = drive.run(RANDOM, here, lookahead, seed=3, budget=10_000)
    best = [value for _, value in everything.gains]
    assert best == sorted(set(best))
    assert everything.gains[-1][1] == here.best
    assert everything.gains[: len(trace.gains)] == trace.gains


class Witness:
    """A peer that notes how far its asks run ahead of its tells, and ends after 40."""

    def __init__(self) -> None:
        self.asked = self.told = 0
        self.ahead: list[int] = []

    def ask(self) -> tuple[int, ...] | None:
        """Note the distance; return a point, the same ones over and over."""
        self.asked += 1
        self.ahead.append(self.asked - self.told)
        return (self.asked % 12, 0, 0, 0, 0) if self.asked <= 40 else None

    def tell(self, point: tuple[int, ...], score: Score) -> None:
        """Check that tells come in the order of asks, with the landscape's score."""
        assert point[0] == (self.told + 1) % 12
        assert score == landscape("lean_sharpe").score(point)
        self.told += 1


@pytest.mark.parametrize("lookahead", [1, 7])
def test_peers_are_asked_at_the_fixed_distance(
    lookahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trial i is asked for when exactly those to i - lookahead are told; repeats count."""
    witness = Witness()
    monkeypatch.setattr(drive, "make_peer", lambda *_: witness)
    drive.run(METHODS["plain_ga"], landscape("lean_sharpe"), lookahead, seed=0, budget=100)
    assert witness.told == 40
    assert witness.ahead == [*range(1, lookahead), *[lookahead] * (41 - lookahead + 1)]


def test_every_installed_method_runs() -> None:
    """A method either says what it lacks or finds something in a few trials."""
    here = landscape("lean_sharpe")
    for method in METHODS.values():
        lack = method.lacks()
        if lack is None:
            assert drive.run(method, here, lookahead=4, seed=1, budget=12).gains, method.name
        else:
            assert lack


# peers


def told(peer: PlainGA | OptunaPeer, worth: object, count: int) -> list[tuple[int, ...]]:
    """Ask and tell up to `count` times; return the points."""
    points = []
    for _ in range(count):
        point = peer.ask()
        if point is None:
            break
        points.append(point)
        value = worth(point)
        peer.tell(point, Score(fitness=value, objective=value))
    return points


def test_plain_ga_stops_after_fifteen_generations_without_a_gain() -> None:
    """On a flat landscape that is the population and fifteen times fifteen children."""
    points = told(PlainGA(made.grid(), 1), lambda _: 1.0, 2000)
    assert len(points) == 125 + 15 * 15


def test_plain_ga_ends_with_its_generations_and_repeats_itself() -> None:
    """A steady climb never stops it before; being plain, it proposes points again."""
    rising = iter(range(5000))
    points = told(PlainGA(made.grid(), 1), lambda _: float(next(rising)), 5000)
    assert len(points) == 125 + 73 * 15
    assert len(set(points)) < len(points)


def test_plain_ga_climbs_and_keeps_to_constraints() -> None:
    """Its later half is better in the mean than its first points, and within the constraints."""
    axes = {name: Axis.integers(name, 0, 30) for name in "ab"}
    space = Space(axes.values(), constraints=[ParameterConstraint.parse("a < b", axes)])
    points = told(PlainGA(space, 2), lambda p: float(p[0] + p[1]), 400)
    assert all(space.feasible(point) for point in points)
    assert sum(map(sum, points[-50:])) > 1.5 * sum(map(sum, points[:50]))


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_optuna_peer_stays_on_the_grid(sampler: str) -> None:
    """Choices and constraints included; points without a value are told too."""
    if lack := missing(sampler):
        pytest.skip(f"{lack} is not installed")
    here = landscape("mixed")
    peer = OptunaPeer(sampler, here.space, 1)
    for _ in range(40):
        point = peer.ask()
        assert point is not None
        assert here.space.contains(point)
        assert here.space.feasible(point)
        peer.tell(point, here.score(point) if point[0] else Score(reasons=("none",)))


@pytest.mark.parametrize("make", [partial(OptunaPeer, "cmaes"), CatCmaPeer])
def test_peer_goes_on_where_constraints_refuse_nearly_all(make: object) -> None:
    """It starts again instead of ending: one point in 130 is allowed."""
    pytest.importorskip("cmaes")
    pytest.importorskip("optuna")
    axes = {name: Axis.integers(name, 0, 19) for name in "ab"}
    space = Space(axes.values(), constraints=[ParameterConstraint.parse("a + b > 36", axes)])
    points = told(make(space, 3), lambda _: 1.0, 8)
    assert len(points) == 8
    assert all(space.feasible(point) for point in points)


def test_catcma_peer_finds_the_top_of_a_small_hill() -> None:
    """Numbers, a choice and a switch; the best of 1,440 points within 300 asks, again the same."""
    pytest.importorskip("cmaes")
    axes = [Axis.integers(name, 0, 11) for name in "ab"]
    axes += [Axis.choices("c", ["x", "y", "z", "u", "v"]), Axis.integers("d", 0, 1)]

    def worth(point: tuple[int, ...]) -> float:
        a, b, c, d = point
        return -float((a - 8) ** 2 + (b - 3) ** 2 + 5 * (c != 2) + d)

    first, second = (told(CatCmaPeer(Space(axes), 5), worth, 300) for _ in range(2))
    assert first == second
    assert max(map(worth, first)) == 0


def test_plain_ga_runs_on_with_many_outstanding() -> None:
    """At lookahead 200 it has no parents at first, and it ends only with the budget."""
    everything = drive.run(METHODS["plain_ga"], landscape("lean_calmar"), 200, 0, 1500)
    assert everything.gains[-1][1] > everything.gains[0][1]
    assert METHODS["plain_ga"].last == 3000


def test_optuna_peer_is_repeatable() -> None:
    """The same seed gives the same points."""
    if lack := missing("tpe"):
        pytest.skip(f"{lack} is not installed")
    first, second = (
        told(make_peer("plain_tpe", made.grid(), 4), lambda p: float(sum(p)), 25) for _ in range(2)
    )
    assert first == second


# figures


def trace(*gains: tuple[int, float]) -> drive.Trace:
    """Return a run with these gains."""
    return drive.Trace(gains, None)


def test_curves_are_the_regret_of_the_best_so_far() -> None:
    """Infinite before the first gain, then the distance from the best, to the last budget."""
    rows = figures.curves([trace((2, 3.0), (5, 9.0)), trace()], best=10.0)
    assert rows.shape == (2, 600)
    assert list(rows[0][:6]) == [inf, 7.0, 7.0, 7.0, 1.0, 1.0]
    assert rows[0][-1] == 1.0
    assert (rows[1] == inf).all()


def summary(*traces: drive.Trace, at: float) -> figures.Summary:
    """Return a summary on a landscape of 2,000 points with the objectives 1 to 2,000."""
    here = SimpleNamespace(
        best=2000.0, valid=np.arange(2000.0, 0, -1), regret_of_top=lambda count: count - 1.0
    )
    return figures.summary(dict(enumerate(traces)), here, at, 600)


def test_summary_of_three_runs() -> None:
    """Worked out on paper: medians of three runs, the level, and who found what."""
    one = summary(
        trace((1, 1000.0), (100, 2000.0)),
        trace((1, 1500.0), (300, 1995.0)),
        trace((50, 1990.0)),
        at=10.0,
    )
    assert one.regret(100) == 10.0  # of 0, 500, 10
    assert one.evaluations == 100
    assert one.regret(600) == 5.0
    assert one.quartiles(100) == (0.0, 500.0)
    assert one.found("1", 100) == pytest.approx(1 / 3)
    assert one.found("10", 472) == pytest.approx(2 / 3)
    assert one.found("0.1%", 472) == pytest.approx(1 / 3)
    low, high = one.regret_interval(100)
    assert low == 0.0
    assert high == 500.0


def test_level_out_of_reach_is_none() -> None:
    """No number of evaluations is reported where the budget ends first."""
    one = summary(trace((1, 5.0)), at=1.0)
    assert one.evaluations is None
    assert one.evaluations_interval == (None, None)


def test_ranks_share_places() -> None:
    """As SciPy ranks."""
    stats = pytest.importorskip("scipy.stats")
    values = [3.0, 1.0, inf, 1.0, 2.0, inf]
    assert figures.ranks(values) == list(stats.rankdata(values))


# the test


def test_signed_ranks_of_wilcoxons_own_example() -> None:
    """Cross- and self-fertilised plants of Darwin: 15 pairs, T = 24, p = 0.0413 (two-sided)."""
    eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    p, lower = paired.signed_ranks(np.array(eighths, float), np.zeros(15))
    assert p == pytest.approx(0.0413, abs=1e-4)
    assert lower == 1


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_signed_ranks_count_all_choices_of_signs(differences: list[int]) -> None:
    """The p-value is the share of the 2^n signs that are as far from the middle, ties included."""
    rank = pytest.importorskip("scipy.stats").rankdata
    p, lower = paired.signed_ranks(np.array(differences, float), np.zeros(len(differences)))
    kept = [one for one in differences if one]
    ranks = rank(np.abs(kept)) if kept else []
    middle = sum(ranks) / 2
    seen = sum(r for r, one in zip(ranks, kept, strict=True) if one > 0)
    sums = [
        sum(r for r, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product((0, 1), repeat=len(kept))
    ]
    far = sum(abs(one - middle) >= abs(seen - middle) - 1e-9 for one in sums)
    assert p == pytest.approx(far / len(sums))
    assert lower == np.sign(seen - middle)


def test_signed_ranks_are_scipys_without_ties() -> None:
    """Twenty pairs, exact."""
    stats = pytest.importorskip("scipy.stats")
    one, other = np.random.default_rng(2).normal(size=(2, 20))
    expected = stats.wilcoxon(one, other + 0.4, method="exact").pvalue
    assert paired.signed_ranks(one, other + 0.4)[0] == pytest.approx(expected)


def test_runs_without_a_trial_that_counts_are_the_worst() -> None:
    """Infinite regrets: equal to each other, above all others."""
    one, other = np.array([inf, 1.0, 1.0]), np.array([inf, inf, 2.0])
    assert paired.signed_ranks(one, other) == (0.5, -1)


def test_holm_by_hand() -> None:
    """Three tests: the smallest times three, the next times two, never falling, at most 1."""
    found = paired.holm({"a": 0.03, "b": 0.01, "c": 0.04})
    assert found == pytest.approx({"b": 0.03, "a": 0.06, "c": 0.06})
    assert paired.holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}


def test_pairs_are_runs_of_the_same_seed() -> None:
    """A seed that only one method has run is left out."""
    here = SimpleNamespace(best=9.0, valid=np.arange(9.0, 0, -1), regret_of_top=float)
    one = figures.summary({0: trace((1, 9.0)), 2: trace((1, 7.0))}, here, 0, 600)
    other = figures.summary({2: trace((1, 6.0)), 5: trace((1, 9.0))}, here, 0, 600)
    assert [list(column) for column in paired.matched(one, other, 100)] == [[2.0], [3.0]]


# what is kept and shown


@pytest.fixture
def results() -> report.Results:
    """Return the results of three methods on one landscape."""
    here = landscape("lean_calmar")
    runs = {"default": (1.0, 1.06), "random": (0.9, 0.8), "plain_ga": (1.0, 1.0)}
    made_up = {
        ("lean_calmar", name, 16): figures.summary(
            {seed: trace((9, value)) for seed, value in enumerate(values * 10)},
            here,
            0.05,
            METHODS[name].last,
        )
        for name, values in runs.items()
    }
    made_up["lean_calmar", "plain_ga", 1] = made_up["lean_calmar", "plain_ga", 16]
    return made_up


def test_figures_have_their_names(results: report.Results) -> None:
    """The usual lookahead is not named, others are appended."""
    found = report.figures(results)
    assert found["evaluations_lean_calmar_default"] == 9
    assert found["evaluations_lean_calmar_random"] is None
    assert {f"regret_lean_calmar_plain_ga_{n}" for n in (100, 200, 300, 472, 600)} <= set(found)
    assert "regret_lean_calmar_plain_ga_472_at1" in found
    assert not any(value is not None and isnan(value) for value in found.values())


def test_real_page_has_a_place_for_every_table(results: report.Results) -> None:
    """Filling it twice changes nothing more, and the text around the tables stays."""
    page = (ROOT / "docs/explanation/choosing-a-method.md").read_text(encoding="utf-8")
    filling = {**tables(results), **verdicts(results), **run_as(results, {"gp": "torch"})}
    once = filled(page, filling)
    assert filled(once, filling) == once
    assert all(table in once for table in filling.values())
    assert once.partition("<!-- begin")[0] == page.partition("<!-- begin")[0]
    with pytest.raises(KeyError, match="nowhere"):
        filled(page, {"nowhere": ""})


def test_number_of_seeds_is_in_the_table(results: report.Results) -> None:
    """By lookahead; a dash where there was no run."""
    rows = tables(results)["methods"].splitlines()
    assert rows[0].endswith("| seeds at 1 / 16 |")
    assert [row.split(" | ")[-1] for row in rows[2:]] == ["- / 20 |", "- / 20 |", "20 / 20 |"]


def test_landscape_that_is_lost_is_named(results: report.Results) -> None:
    """The page says where another method is ahead by the test, or that none is."""
    swapped = {
        **results,
        ("lean_calmar", "default", 16): results["lean_calmar", "random", 16],
        ("lean_calmar", "random", 16): results["lean_calmar", "default", 16],
    }
    assert "**random is ahead**" in verdicts(swapped)["ahead"]
    assert "No method is ahead" in verdicts(results)["ahead"]
    assert signs(results)["lean_calmar_random_472"] == "+"
    assert signs(swapped)["lean_calmar_random_472"] == "-"
    assert "| random | + / + / + |" in verdicts(results)["test"]


@pytest.mark.parametrize(("arrives", "said"), [(60, "met on all 1"), (61, "missed on lean_calmar")])
def test_goal_is_a_share_of_the_genetic_algorithms_own_evaluations(arrives: int, said: str) -> None:
    """At lookahead 16 a quarter of its 240 at 16, not of what it needs at lookahead 1."""
    here = landscape("lean_calmar")

    def one(name: str, number: int) -> figures.Summary:
        return figures.summary({0: trace((number, here.best))}, here, 0.0, METHODS[name].last)

    found = {
        ("lean_calmar", "default", 16): one("default", arrives),
        ("lean_calmar", "plain_ga", 16): one("plain_ga", 240),
        ("lean_calmar", "plain_ga", 1): one("plain_ga", 400),
    }
    assert said in verdicts(found)["verdict"]
    assert f"{arrives} of 240" in verdicts(found)["verdict"]


def test_stamp_depends_on_what_a_method_imports_alone() -> None:
    """Each peer has a module of its own; of a stage, it is those that build it."""
    codes = {name: set(sources.of_method(METHODS[name])) for name in ("plain_ga", "catcma", "ga")}
    assert not codes["plain_ga"] & codes["catcma"]
    assert len(codes["ga"]) > 1


def test_picture_is_well_formed(results: report.Results) -> None:
    """It parses as XML and has a line for every method drawn."""
    root = ET.fromstring(picture(results))  # noqa: S314 - our own
    texts = {element.text for element in root.iter() if element.text}
    assert {"default", "random", "plain_ga", "lean_calmar"} <= texts


def test_kept_runs_are_found_under_their_stamp_only(tmp_path: Path) -> None:
    """Another code or landscape has another stamp, and its runs are not found."""
    file, job = tmp_path / "runs.jsonl", keep.Job("smooth", "random", 16, 3)
    stamp = keep.stamp(METHODS["random"], landscape("smooth"))
    assert stamp != keep.stamp(METHODS["random"], landscape("rugged"))
    assert stamp != keep.stamp(METHODS["plain_ga"], landscape("smooth"))
    run = drive.Trace(((1, 0.5), (7, 2.0)), 0.25)
    keep.Kept(file).add(job, stamp, run)
    assert keep.Kept(file).get(job, stamp) == run
    assert keep.Kept(file).get(job, "another") is None


@pytest.mark.slow
@pytest.mark.benchmark
def test_command_ends_with_one_json_object(tmp_path: Path) -> None:
    """Run as a user does, twice: the second time everything is kept, and nothing differs."""
    command = [sys.executable, str(ROOT / "benchmarks/search.py"), "--quick", "--json"]
    command += ["--landscapes", "lean_sharpe", "--methods", "random", "--seeds", "2"]
    command += ["--keep", str(tmp_path / "runs.jsonl")]
    outputs = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        for _ in range(2)
    ]
    assert outputs[0] == outputs[1]
    document = json.loads(outputs[0][-1])
    assert document["benchmark"] == "search"
    assert "evaluations_lean_sharpe_random" in document["figures"]
    regrets = [document["figures"][f"regret_lean_sharpe_random_{n}"] for n in (100, 600)]
    assert regrets[0] >= regrets[1] >= 0
    more = [*command, "--kept", "--seeds", "3", "--methods", "random,ga"]
    kept = subprocess.run(more, check=True, capture_output=True, text=True).stdout.splitlines()
    assert json.loads(kept[-1])["figures"] == document["figures"]


def test_unknown_method_is_named() -> None:
    """A misspelt method is told with the names that there are."""
    command = [sys.executable, str(ROOT / "benchmarks/search.py"), "--methods", "randm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no 'randm'; choose from: default, random" in done.stderr


def test_grid_of_the_synthetic_landscapes() -> None:
    """Seven parameters, 679,140 points."""
    assert len(made.LENGTHS) == 7
    assert prod(made.LENGTHS.values()) == made.grid().grid_size == 679_140
