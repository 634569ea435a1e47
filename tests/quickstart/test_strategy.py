"""What the quickstart's strategy trades: on paper, against a slow reference, and as properties."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate, pairwise, product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_harness import Fill, Parameters, Scenario

DAY = 86_400
OPEN, CLOSE = 52_200, 75_600  # 14:30 and 21:00
FEE = SLIPPAGE = 0.0005

#: Open, high, low and close of a bar.
Row = tuple[float, float, float, float]

BASE: dict[str, Any] = {
    "fast": 3,  # these two averages move by 0.5 and 0.25: exact in binary
    "slow": 7,
    "enter": 0.005,
    "leave": 0.01,
    "stop": 2,
    "trail": "trailing",
    "risk": 0.02,
    "atr": 2,
}

#: A rise, a purchase at 105, a fall; worked out on paper below.
RISE_AND_FALL: list[Row] = [
    (100, 100, 100, 100),
    (100, 104, 100, 104),
    (105, 108, 105, 108),
    (107, 107, 101, 101),
    (102, 103, 100, 100),
    (99, 99, 98, 98),
    (97, 98, 97, 98),
]


def make_bars(strategy: ModuleType, rows: Iterable[Row]) -> Any:
    """Return the strategy's bars on days 0, 1, 2 ..."""
    columns = list(zip(*rows, strict=True))
    return strategy.Bars(tuple(DAY * day + CLOSE for day in range(len(columns[0]))), *columns)


def trade(
    strategy: ModuleType, rows: Sequence[Row], cash: float = 10_000.0, **changed: Any
) -> tuple[list[float], list[Fill]]:
    """Simulate `rows` from their first to their last under `BASE` with changes."""
    equity, fills = strategy.simulate(
        make_bars(strategy, rows), range(len(rows)), cash, Parameters({**BASE, **changed})
    )
    return equity, fills


def test_trailing_stop_by_hand(strategy: ModuleType) -> None:
    """Bought at the open after the signal, sold at the open after the close under the raised stop.

    Close 104 is above fast 102, which is above slow 101 x 1.005. The range is 2, so the stop is
    at 104 - 2 x 2 = 100 and 2% of 10,000 at risk buy 200 / 4 = 50. Close 108 with range 3 lifts
    the stop to 102; close 101 is below it.
    """
    equity, fills = trade(strategy, RISE_AND_FALL)
    assert [(fill.time, fill.quantity) for fill in fills] == [
        (2 * DAY + OPEN, 50),
        (4 * DAY + OPEN, -50),
    ]
    assert [fill.price for fill in fills] == pytest.approx([105.0525, 101.949])
    assert [fill.fee for fill in fills] == pytest.approx([2.6263125, 2.548725])
    assert equity == pytest.approx(
        [10_000, 10_000, 10_144.7486875, 9_794.7486875, 9_839.6499625, 9_839.6499625, 9_839.6499625]
    )


def test_fixed_stop_by_hand(strategy: ModuleType) -> None:
    """A fixed stop stays at 100: closes of 101 and 100 do not touch it, 98 does."""
    equity, fills = trade(strategy, RISE_AND_FALL, trail="fixed", leave=0.1)
    assert [(fill.time // DAY, fill.quantity) for fill in fills] == [(2, 50), (6, -50)]
    assert fills[1].price == pytest.approx(97 * 0.9995)
    assert equity[5] == pytest.approx(4_744.7486875 + 50 * 98)


def test_trend_turns_by_hand(strategy: ModuleType) -> None:
    """With the stop far away the position goes when fast is below slow by more than `leave`.

    Fast and slow at closes 101, 100, 98: 103 and 102.3125, 101.5 and 101.734, 99.75 and 100.801,
    so that fast is last 1.04% below.
    """
    sold = [trade(strategy, RISE_AND_FALL, stop=8, leave=leave)[1] for leave in (0.0, 0.01, 0.011)]
    assert [[fill.time // DAY for fill in fills] for fills in sold] == [[2, 5], [2, 6], [2]]


def test_entry_band_by_hand(strategy: ModuleType) -> None:
    """Fast 102 stands 0.99% above slow 101: a band of 1% waits for the next close."""
    (first, *_), (second, *_) = (
        trade(strategy, RISE_AND_FALL, enter=enter)[1] for enter in (0.0099, 0.01)
    )
    assert (first.time // DAY, second.time // DAY) == (2, 3)


def test_an_open_too_dear_cuts_the_purchase(strategy: ModuleType) -> None:
    """The order is for the 96 that the cash buys at the close; a higher open and the fee cut it.

    At 199.88 and its slippage 50 shares cost 9,999, and 10,003.997 with the fee.
    """
    for opened, bought in ((100, [96]), (104, [96]), (199.88, [49]), (20_000, [])):
        rows: list[Row] = [*RISE_AND_FALL[:2], (opened, opened, opened, opened)]
        _, fills = trade(strategy, rows, risk=0.5)
        assert [fill.quantity for fill in fills] == bought


def test_flat_prices_trade_nothing(strategy: ModuleType) -> None:
    """Where nothing moves there is no trend, no range to divide by, and the cash stays."""
    equity, fills = trade(strategy, [(100, 100, 100, 100)] * 30, enter=0.0)
    assert (set(equity), fills) == ({10_000.0}, [])


def smooth(values: Sequence[float], weight: float) -> float:
    """Return the exponential mean as one weighted sum, what is left going to the first value."""
    newest_first = list(reversed(values))
    weights = [weight * (1 - weight) ** age for age in range(len(values))]
    weights[-1] /= weight
    return sum(a * b for a, b in zip(weights, newest_first, strict=True))


def spans(rows: Sequence[Row]) -> list[float]:
    """Return the true ranges in the textbook's words: the largest of three distances."""
    first = rows[0][1] - rows[0][2]
    return [first] + [
        max(high - low, abs(high - before[3]), abs(low - before[3]))
        for before, (_, high, low, _) in pairwise(rows)
    ]


def reference(
    rows: Sequence[Row], first: int, cash: float, parameters: dict[str, Any]
) -> list[tuple[int, float, float]]:
    """Return bar, quantity and price of every fill, all recomputed from the start at each bar."""
    ledger: list[tuple[int, float, float]] = []
    stops: list[float] = []
    for n in range(first, len(rows) - 1):
        closes = [row[3] for row in rows[: n + 1]]
        fast, slow = (smooth(closes, 2 / (parameters[name] + 1)) for name in ("fast", "slow"))
        room = parameters["stop"] * smooth(spans(rows[: n + 1]), 1 / parameters["atr"])
        held = sum(quantity for _, quantity, _ in ledger)
        spent = sum(quantity * price + abs(quantity) * price * FEE for _, quantity, price in ledger)
        opened = rows[n + 1][0]
        if held:
            if parameters["trail"] == "trailing":
                stops.append(closes[-1] - room)
            if closes[-1] < max(stops) or fast / slow < 1 - parameters["leave"]:
                ledger.append((n + 1, -held, opened * (1 - SLIPPAGE)))
        elif closes[-1] > fast and fast / slow > 1 + parameters["enter"]:
            stops = [closes[-1] - room]
            price, wealth = opened * (1 + SLIPPAGE), cash - spent
            limits = (
                wealth * parameters["risk"] / room,
                wealth / closes[-1],
                wealth / price / 1.0005,
            )
            ledger.append((n + 1, min(map(int, limits)), price))
    return ledger


CASES = [
    {**BASE, "fast": fast, "slow": slow, "stop": stop, "trail": trail, "enter": 0.0, "atr": atr}
    for (fast, slow), (stop, atr), trail in product(
        [(4, 30), (12, 50)], [(1.5, 20), (4, 10)], ["fixed", "trailing"]
    )
]


@pytest.mark.parametrize("parameters", CASES)
def test_trades_as_a_slow_reference(
    strategy: ModuleType, quickstart: Path, parameters: dict[str, Any]
) -> None:
    """On 400 real bars, 100 of them to warm up, every fill is where the rules say."""
    bars = strategy.read_bars(quickstart / "data", "ixic")
    columns = (bars.opens, bars.highs, bars.lows, bars.closes)
    rows = list(zip(*columns, strict=True))[600:1000]
    _, fills = strategy.simulate(
        make_bars(strategy, rows), range(100, 400), 1e6, Parameters(parameters)
    )
    expected = reference(rows, 100, 1e6, parameters)
    assert [(fill.time - OPEN) // DAY for fill in fills] == [bar for bar, _, _ in expected]
    assert [fill.quantity for fill in fills] == [quantity for _, quantity, _ in expected]
    assert [fill.price for fill in fills] == pytest.approx([price for _, _, price in expected])
    assert len(expected) >= 2


prices = st.integers(60, 140)


@st.composite
def rows(draw: st.DrawFn, size: int) -> list[Row]:
    """Draw bars whose high and low enclose open and close."""
    drawn = draw(st.lists(st.tuples(prices, prices, prices), min_size=size, max_size=size))
    return [(o, max(o, c, far), min(o, c, far), c) for o, c, far in drawn]


changes = st.fixed_dictionaries(
    {
        "fast": st.integers(2, 4),
        "slow": st.integers(5, 9),
        "enter": st.sampled_from([0.0, 0.01]),
        "leave": st.sampled_from([0.0, 0.01]),
        "stop": st.sampled_from([1.5, 2, 4]),
        "trail": st.sampled_from(["fixed", "trailing"]),
        "risk": st.sampled_from([0.02, 0.5]),
    }
)


@given(past=rows(25), futures=st.tuples(rows(12), rows(12)), opened=prices, changed=changes)
def test_the_future_never_changes_the_past(
    strategy: ModuleType,
    past: list[Row],
    futures: tuple[list[Row], list[Row]],
    opened: int,
    changed: dict[str, Any],
) -> None:
    """Whatever follows an open, the account until then and the fill at it are the same."""
    now = len(past)
    known = []
    for (_, high, low, close), *rest in futures:
        current = (opened, max(opened, high), min(opened, low), close)
        equity, fills = trade(strategy, [*past, current, *rest], **changed)
        known.append((equity[:now], [fill for fill in fills if fill.time <= now * DAY + OPEN]))
    assert known[0] == known[1]


@given(bars=rows(40), changed=changes)
def test_the_books_balance(strategy: ModuleType, bars: list[Row], changed: dict[str, Any]) -> None:
    """At each close equity is cash plus position times close; neither is ever below zero."""
    equity, fills = trade(strategy, bars, **changed)
    for day, row in enumerate(bars):
        done = [fill for fill in fills if fill.time < day * DAY + CLOSE]
        cash = 10_000.0 - sum(fill.quantity * fill.price + fill.fee for fill in done)
        position = sum(fill.quantity for fill in done)
        assert equity[day] == pytest.approx(cash + position * row[3])
        assert position >= 0
        assert cash > -1e-6


@given(bars=rows(40), changed=changes)
def test_fills_are_whole_shares_at_the_open_with_costs(
    strategy: ModuleType, bars: list[Row], changed: dict[str, Any]
) -> None:
    """A fill is at the open, slipped against us, with the fee; each purchase is sold whole."""
    _, fills = trade(strategy, bars, **changed)
    for fill in fills:
        day, second = divmod(fill.time, DAY)
        side = 1 if fill.quantity > 0 else -1
        assert second == OPEN
        assert fill.quantity == int(fill.quantity) != 0
        assert fill.price == pytest.approx(bars[day][0] * (1 + side * SLIPPAGE))
        assert fill.fee == pytest.approx(abs(fill.quantity) * fill.price * FEE)
    held = list(accumulate(fill.quantity for fill in fills))
    assert held[1::2] == [0] * (len(held) // 2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with `RISE_AND_FALL` as `abc`, on seven days from 2020-01-06."""
    lines = [
        f"202001{6 + day:02} 00:00,{','.join(str(int(price * 10_000)) for price in row)},1\n"
        for day, row in enumerate(RISE_AND_FALL)
    ]
    folder = tmp_path / "equity" / "usa" / "daily"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "abc.zip", "w") as archive:
        archive.writestr("abc.csv", "".join(lines))
    return tmp_path


def test_scenario_decides_symbol_dates_and_cash(strategy: ModuleType, data: Path) -> None:
    """Bars outside the dates (both inclusive) are not traded; those before warm the averages up."""
    scenario = Scenario(
        symbol="ABC", start=date(2020, 1, 7), end=date(2020, 1, 10), cash=20_000.0, data=data
    )
    result = strategy.run(Parameters(BASE), scenario)
    days = [date.fromordinal(date(1970, 1, 1).toordinal() + time // DAY) for time in result.times]
    assert days == [date(2020, 1, day) for day in (7, 8, 9, 10)]
    assert result.equity == pytest.approx([20_000, 20_289.497375, 19_589.497375, 19_679.299925])
    (closed,) = result.trades
    assert (closed.quantity, closed.direction) == (100, 1)
    assert result.statistics["Total Orders"] == 2
    assert result.statistics["Total Fees"] == pytest.approx(10.350075)


def test_dates_may_be_left_out(strategy: ModuleType, data: Path) -> None:
    """Without dates the scenario covers every bar."""
    result = strategy.run(Parameters(BASE), Scenario(symbol="abc", data=data))
    assert len(result.times) == len(RISE_AND_FALL)


def test_missing_symbol_names_what_is_there(strategy: ModuleType, data: Path) -> None:
    """The message has the path that was looked for and the symbols that there are."""
    with pytest.raises(FileNotFoundError) as caught:
        strategy.run(Parameters(BASE), Scenario(symbol="abd", data=data))
    path = data / "equity" / "usa" / "daily" / "abd.zip"
    assert str(caught.value) == f"no daily bars of 'abd': {path} is missing (there: abc)"


def test_dates_without_bars(strategy: ModuleType, data: Path) -> None:
    """Dates outside the data are said, not silently traded as nothing."""
    scenario = Scenario(symbol="abc", start=date(2021, 1, 1), end=date(2021, 2, 1), data=data)
    with pytest.raises(ValueError, match=r"^abc: no bars from 2021-01-01 to 2021-02-01$"):
        strategy.run(Parameters(BASE), scenario)


def test_no_data_folder(strategy: ModuleType) -> None:
    """Without a data folder the message says where to name one."""
    with pytest.raises(
        ValueError, match=r'^say where the bars lie: data = "data" below \[strategy'
    ):
        strategy.run(Parameters(BASE), Scenario(symbol="abc"))
