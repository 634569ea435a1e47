"""Which data files a scenario reads: those of its symbols, or all where the source is not sure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lean_projects import csharp, python, scanned
from leanopt_lean.scenario_files import ShareNames, scenario_files

from leanopt_core.api import PrepareContext, Scenario
from leanopt_core.content import hash_present
from leanopt_core.data_files import present
from tests.lean_data import Folder, weekdays

SPY = Scenario(symbol="SPY")
TICKER = 'self.add_equity(self.get_parameter("ticker", "SPY"), Resolution.DAILY)'
REFERENCE = {
    "market-hours/market-hours-database.json",
    "symbol-properties/symbol-properties-database.csv",
    "alternative/interest-rate/usa/interest-rate.csv",
}
DAILY = "equity/usa/daily"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Shares, of which WM once was WMI and UW, a currency, and what belongs to none of them."""
    folder = Folder(tmp_path / "data").reference()
    for symbol in ("spy", "ibm", "wm", "wmi", "uw", "qqq"):
        for resolution in ("daily", "hour"):
            folder.days(
                f"equity/usa/{resolution}/{symbol}.zip", weekdays("2020-01-02", "2020-01-03")
            )
    for symbol in ("spy", "ibm"):
        folder.by_day(f"equity/usa/minute/{symbol}", weekdays("2020-01-02", "2020-01-10"))
    for symbol in ("ibm", "qqq"):
        folder.write(f"equity/usa/map_files/{symbol}.csv", f"19980102,{symbol},Q\n")
        folder.write(f"equity/usa/factor_files/{symbol}.csv", "20501231,1,1,0\n")
    folder.write("equity/usa/map_files/wm.csv", "19880622,wmi\n19980715,uw\n20501231,wm\n")
    folder.write("equity/usa/factor_files/wm.csv", "20501231,1,1,0\n")
    for resolution in ("daily", "hour"):
        folder.days(f"forex/oanda/{resolution}/eurusd.zip", weekdays("2020-01-02", "2020-01-03"))
    folder.days("crypto/coinbase/daily/btcusd_trade.zip", weekdays("2020-01-02", "2020-01-03"))
    folder.write("alternative/estimize/spy.csv", "1")
    return folder.path


@pytest.fixture
def counted(data: Path, tmp_path: Path) -> Callable[..., set[str] | str]:
    """Return the existing files that count for a source, or why all do."""

    def count(
        text: str,
        scenario: Scenario = SPY,
        context: PrepareContext | None = None,
        end: date | None = None,
        **more: str,
    ) -> set[str] | str:
        source = scanned(tmp_path / "project", text, **more)
        context = context or PrepareContext()
        found = scenario_files(source, scenario, context, ShareNames(data), end)
        return (
            found.why
            if found.patterns is None
            else {name for name, _ in present(data, found.patterns)}
        )

    return count


def share(symbol: str, *resolutions: str) -> set[str]:
    """Return the files of a share."""
    prices = {f"equity/usa/{one}/{symbol}.zip" for one in resolutions}
    return {*prices, *(f"equity/usa/{kind}_files/{symbol}.csv" for kind in ("map", "factor"))}


#: The default benchmark, of a source that names no resolution, and of one that names the daily.
HOURLY, BOTH = share("spy", "hour"), share("spy", "hour", "daily")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (python(TICKER), share("spy", "daily")),
        (python('self.add_equity("IBM", Resolution.HOUR)'), share("ibm", "hour")),
        (csharp('AddEquity("ibm", Resolution.Daily);'), share("ibm", "daily")),
        (
            python('for one in ["IBM", "QQQ"]:\n    self.add_equity(one, Resolution.DAILY)'),
            share("ibm", "daily") | share("qqq", "daily"),
        ),
        (
            python('self.spy = self.add_equity("IBM", Resolution.DAILY).symbol\n'
                   "self.history(self.spy, 10, Resolution.HOUR)"),
            share("ibm", "daily", "hour"),
        ),
        (
            csharp('AddEquity("IBM", Resolution.Daily); Warm();',
                   fields='void Warm() { History("IBM", 9, Resolution.Hour); }'),
            share("ibm", "daily", "hour"),
        ),
        (
            python('self.add_equity("IBM", Resolution.DAILY)\nself.set_benchmark("QQQ")'),
            share("ibm", "daily") | share("qqq", "daily", "hour"),
        ),
        (
            python('self.set_brokerage_model(BrokerageName.ALPACA, AccountType.CASH)\n'
                   'self.add_equity("IBM", Resolution.DAILY)'),
            share("ibm", "daily"),
        ),
        (
            python('if self.live_mode:\n    self.add_universe(self.choose)\n'
                   'self.add_equity("IBM", Resolution.DAILY)'),
            share("ibm", "daily"),
        ),
        # The first rate of a currency is its last known price, at any resolution.
        (
            python('self.add_forex("EURUSD", Resolution.HOUR)'),
            {"forex/oanda/hour/eurusd.zip", "forex/oanda/daily/eurusd.zip"},
        ),
        (
            csharp('AddCrypto("BTCUSD", Resolution.Hour);'),
            {"crypto/coinbase/daily/btcusd_trade.zip"},
        ),
        (
            csharp("AddEquity(_ticker, Resolution.Daily);",
                   fields='[Parameter("ticker")] private string _ticker = "QQQ";'),
            share("spy", "daily"),
        ),
    ],
)  # fmt: skip
def test_what_counts(counted, text: str, expected: set[str]) -> None:
    """Prices in the resolutions that the source names, with map and factor files."""
    named = [one for one in ("daily", "hour") if f"resolution.{one}" in text.lower()]
    # A warm-up reads its resolution of the benchmark too.
    benchmark = set() if "set_benchmark" in text else share("spy", "hour", *named)
    assert counted(text) == REFERENCE | benchmark | expected


def test_shares_count_under_all_their_tickers(counted) -> None:
    """Prices of WM are stored under WMI and UW, as its map file says."""
    text = python('self.add_equity("WM", Resolution.DAILY)')
    expected = share("wm", "daily") | {f"{DAILY}/wmi.zip", f"{DAILY}/uw.zip"}
    assert counted(text) == REFERENCE | BOTH | expected


def test_without_a_resolution_it_is_minutes(counted) -> None:
    """To the end of the scenario, where it decides how long LEAN reads; then any hour is later."""
    text, minute = python('self.add_equity("IBM")'), "equity/usa/minute/ibm"
    days = {f"{minute}/{day:%Y%m%d}_trade.zip" for day in weekdays("2020-01-02", "2020-01-10")}
    assert counted(text) == REFERENCE | HOURLY | share("ibm") | days
    until = {f"{minute}/{day:%Y%m%d}_trade.zip" for day in weekdays("2020-01-02", "2020-01-07")}
    found = counted(text, end=date(2020, 1, 5))
    assert found == REFERENCE | HOURLY | share("ibm") | until


@pytest.mark.parametrize(
    "body",
    [
        "self.set_security_initializer(lambda one: self.get_last_known_price(one))\n{}",
        "self.settings.automatic_indicator_warm_up = True\n{}",
        "self.set_alpha(MacdAlphaModel())\n{}",
        'self.add_equity("IBM", resolution=getattr)',
    ],
)  # fmt: skip
def test_where_leans_own_code_chooses_all_resolutions_count(counted, body: str) -> None:
    """It asks for history in resolutions that the source does not name."""
    found = counted(python(body.format('self.add_equity("IBM", Resolution.DAILY)')))
    if "getattr" in body:
        assert found == "main.py:7: getattr may read any of them"
    else:
        assert share("ibm", "daily", "hour") <= found
        assert "equity/usa/minute/ibm/20200102_trade.zip" in found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (python("self.add_data(Weather, 'X')"), "main.py:7: add_data may read any of them"),
        (python("self.add_universe(self.choose)"), "main.py:7: add_universe may read any of them"),
        (csharp("AddUniverse(Choose);"), "Trend.cs:9: AddUniverse may read any of them"),
        (
            csharp("SetUniverseSelection(new ManualUniverseSelectionModel());"),
            "Trend.cs:9: SetUniverseSelection may read any of them",
        ),
        (python("add = self.add_equity\nadd('SPY')"), "main.py:7: add_equity may read any of them"),
        (
            python("self.history(['QQQ'], 10, Resolution.DAILY)"),
            "main.py:7: history of 'QQQ' may read any of them",
        ),
        (
            csharp('var q = QuantConnect.Symbol.Create("QQQ", SecurityType.Equity, Market.USA);'),
            "Trend.cs:9: Create of 'QQQ' may read any of them",
        ),
        (
            csharp('AddEquity("SPY"); MarketOrder("PEPE", 1, false, "a tag");'),
            "Trend.cs:9: MarketOrder of 'PEPE' may read any of them",
        ),
        (
            python("self.set_benchmark(self.get_parameter('index'))"),
            "main.py:7: set_benchmark of a symbol known only at run time may read any of them",
        ),
        (python("text = open('x.txt')"), "main.py:7: open may read any of them"),
        (
            csharp('var text = System.IO.File.ReadAllText("x.txt");'),
            "Trend.cs:9: ReadAllText may read any of them",
        ),
        (python("self.set_cash('EUR', 1000)"), "main.py:7: cash in another currency may read any"),
        (
            python("self.set_account_currency('EUR')"),
            "main.py:7: set_account_currency may read any of them",
        ),
        (
            python("self.add_equity(self.name_of(3))"),
            "main.py:7: its symbol is known only at run time",
        ),
        (
            python("self.add_equity(self.get_parameter('other'))"),
            "main.py:7: neither the scenario nor [parameters] gives 'other'",
        ),
        (python("self.add_equity('SPY', market=self.where())"), "main.py:7: its market is known"),
        (python("self.add_equity('TCS', market=Market.INDIA)"), "main.py:7: LEAN converts curr"),
        (python("self.add_forex('EURGBP')"), "main.py:7: LEAN converts currencies for EURGBP"),
        (
            csharp("SetBrokerageModel(BrokerageName.Bitfinex, AccountType.Cash);"),
            "Trend.cs:9: SetBrokerageModel may read any of them",
        ),
        (
            csharp('AddEquity("SPY").SetSlippageModel(new MarketImpactSlippageModel(this));'),
            "Trend.cs:9: MarketImpactSlippageModel may read any of them",
        ),
        (python("self.add_index('N225')"), "main.py:7: LEAN reads more than prices"),
        (python("self.add_cfd('XAUUSD')"), "main.py:7: its market is known only at run time"),
        (python("self.add_option('SPY')"), "main.py:7: add_option may read any of them"),
    ],
)
def test_where_the_source_is_not_sure_all_counts(counted, text: str, why: str) -> None:
    """The first place is named."""
    assert counted(text).startswith(why)


def test_a_base_class_of_the_project_is_read_as_well(counted) -> None:
    """It adds no doubt."""
    derived = python('self.add_equity("IBM", Resolution.DAILY)', "from base import Base")
    named = derived.replace("(QCAlgorithm)", "(Base)")
    own = "from AlgorithmImports import *\n\n\nclass Base(QCAlgorithm):\n    pass\n"
    assert counted(named, base=own) == REFERENCE | BOTH | share("ibm", "daily")


def test_a_base_class_from_elsewhere_is_unsure(counted) -> None:
    """It may read anything."""
    mixed = csharp("").replace(": QCAlgorithm", ": QCAlgorithm, Elsewhere")
    assert "a base class outside the project" in counted(mixed)


def test_a_symbol_that_is_searched(counted) -> None:
    """The files of all its values count, since each backtest has the same scenario."""
    text = python(TICKER)
    context = PrepareContext(("ticker",), values={"ticker": ("IBM", "QQQ")})
    expected = share("ibm", "daily") | share("qqq", "daily")
    assert counted(text, Scenario(), context) == REFERENCE | BOTH | expected
    assert counted(text, Scenario()) == REFERENCE | BOTH
    context = PrepareContext(("ticker",))
    assert counted(text, Scenario(), context) == "main.py:7: its symbol is the parameter 'ticker'"


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("equity/usa/daily/new.zip", "1", False),
        ("equity/usa/map_files/new.csv", "20200102,new\n20501231,new\n", False),
        ("equity/usa/factor_files/new.csv", "20501231,1,1,0\n", False),
        ("equity/usa/map_files/late.csv", "20200102,ibm\n20501231,late\n", True),
        ("equity/usa/daily/ibm_trade.zip", "1", True),
        ("market-hours/more.json", "{}", True),
    ],
)
def test_a_file_that_appears(
    data: Path, tmp_path: Path, name: str, text: str, counts: bool
) -> None:
    """It counts if LEAN would read it for this symbol, as a map file that has its ticker."""
    source = scanned(tmp_path / "project", python('self.add_equity("IBM", Resolution.DAILY)'))

    def identity() -> str:
        found = scenario_files(source, SPY, PrepareContext(), ShareNames(data), None)
        assert found.patterns is not None
        return hash_present(data, found.patterns)[0]

    before = identity()
    Folder(data).write(name, text)
    assert (identity() != before) is counts
