"""The warm harness for LEAN, held to LEAN's stock Launcher with a strategy in C#."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve
from leanopt_lean.failures import failure_of
from leanopt_lean.trades import read_trades
from regression.results import differences, from_answer, from_document

from leanopt_core.engines.inline import read_trades as read_sent_trades
from tests.lean_real.comparing import kinds, lasting, settled, state
from tests.lean_real.conftest import LIMIT, Strategy

pytestmark = pytest.mark.slow

HELLO = {"hello": {"protocol": 1, "client": "a test"}}
ABILITIES = {
    "config",
    "statistics",
    "read",
    "equity",
    "trades",
    "dates",
    "cash",
    "warmup",
    "document",
}
SECTIONS = ("tradeStatistics", "portfolioStatistics")


def test_hello(bands: Strategy) -> None:
    """The harness says what it is and what it can do."""
    hello = bands.process.ask(HELLO, LIMIT)["hello"]
    assert hello["protocol"] == 1
    assert hello["engine"] == "lean"
    assert re.fullmatch(r"\d+(\.\d+){3}", hello["engine_version"])
    assert set(hello["abilities"]) == ABILITIES
    assert "fault" not in hello


@pytest.mark.parametrize("fast", [5, 20])
def test_answer_is_the_launchers(bands: Strategy, fast: int) -> None:
    """Statistics, state, order hash, equity and trades are those of a fresh process."""
    launched = bands.launched(fast=fast)
    document = launched.document
    answer = bands.run("equity", "trades", fast=fast)
    expected = from_document(document, launched.order_hash)
    assert answer["status"] == "complete"
    assert not list(differences(from_answer(answer), expected))
    assert answer["statistics"] == document["statistics"]
    assert answer["runtimeStatistics"] == document["runtimeStatistics"]
    assert state(answer) == state(document)
    assert answer["orders"] == len(document["orders"]) > 4
    assert read_sent_trades(answer["trades"]) == read_trades(document)
    for section in SECTIONS:
        assert answer["totalPerformance"][section] == document["totalPerformance"][section]


def test_minute_bars_are_the_launchers(bands: Strategy) -> None:
    """So is a curve of many points a day."""
    days = {"resolution": "Minute", "from": "2013-10-07", "until": "2013-10-11"}
    launched = bands.launched(**days)
    expected = from_document(launched.document, launched.order_hash)
    answer = bands.run("equity", "trades", **days)
    assert len(expected.equity) > 100
    assert not list(differences(from_answer(answer), expected))
    assert read_sent_trades(answer["trades"]) == read_trades(launched.document)


def test_document_is_the_launchers(bands: Strategy, tmp_path: Path) -> None:
    """The files are LEAN's own, and so is the document but for times."""
    launched = bands.launched(fast=5)
    results, storage = tmp_path / "results", tmp_path / "storage"
    locations = {"results-destination-folder": str(results), "object-store-root": str(storage)}
    request = {"config": {**bands.config(fast=5), **locations}, "outputs": ["document"]}
    for _ in range(2):
        answer = bands.process.ask(request, LIMIT)
        assert answer["status"] == "complete"
        assert answer["statistics"] == launched.document["statistics"]
        written = evolve(launched, results=results).document
        assert settled(written) == settled(launched.document)
        assert kinds(results) == kinds(launched.results)
        for file in results.iterdir():
            file.unlink()


def test_nothing_is_written_without_a_document(bands: Strategy) -> None:
    """The scratch folder holds LEAN's current folder alone, and that links alone."""
    bands.run("equity", "trades")
    assert kinds(bands.process.scratch) == {"current"}
    assert all(path.is_symlink() for path in (bands.process.scratch / "current").iterdir())


def test_dates_and_cash_from_outside(bands: Strategy) -> None:
    """They are what the strategy would have set itself."""
    scenario = {"start": "2003-03-03", "end": "2004-02-27", "cash": 250_000}
    own = {"from": "2003-03-03", "until": "2004-02-27", "money": 250_000}
    launched = bands.launched(**own)
    expected = from_document(launched.document, launched.order_hash)
    assert expected.statistics["Start Equity"] == "250000"
    outside = bands.run("equity", scenario=scenario)
    assert not list(differences(from_answer(outside), expected))
    # Only some of them; the next backtest has its own again.
    assert bands.run(scenario={"cash": 250_000})["statistics"]["Start Equity"] == "250000"
    assert bands.run()["statistics"]["Start Equity"] == "100000"


@pytest.mark.parametrize(
    ("own", "given", "warm"),
    [("none", 200, "200"), ("slow", 200, "200"), ("slow", 30, "slow"), ("300", 200, "300")],
)
def test_warm_up_from_outside(bands: Strategy, own: str, given: int, warm: str) -> None:
    """It is as if the strategy had set it; one of its own that is longer stays."""
    start = {"start": "2004-01-02"}
    launched = bands.launched(**{"from": "2004-01-02"}, warm=warm)
    expected = from_document(launched.document, launched.order_hash)
    answer = bands.run("equity", scenario={**start, "warmup": given}, warm=own)
    assert not list(differences(from_answer(answer), expected))
    cold = bands.run("equity", scenario=start, warm="none")
    assert list(differences(from_answer(cold), expected))


@pytest.mark.parametrize("warmup", [-1, 1.5, "60d", True])
def test_wrong_warm_up(bands: Strategy, warmup: object) -> None:
    """It is a whole number of days."""
    answer = bands.run(scenario={"warmup": warmup})
    assert answer["category"] == "engine error"
    assert "expected a whole number of days" in answer["message"]


def test_read_names(bands: Strategy) -> None:
    """Names are read by GetParameter and by attributes, given or not."""
    names = ["fast", "fault", "from", "money", "resolution", "slow", "ticker", "until", "warm"]
    assert bands.run(fast=7, unused=1)["read"] == names
    assert bands.run()["read"] == names


def test_missing_data(bands: Strategy) -> None:
    """Files that LEAN looked for in vain are named, from the data folder, each time."""
    for _ in range(2):
        answer = bands.run(ticker="NONESUCH")
        assert answer["status"] == "complete"
        assert answer["statistics"]["Total Orders"] == "0"
        assert answer["missing"] == ["equity/usa/daily/nonesuch.zip"]
    assert not bands.run().get("missing")


def test_no_orders(bands: Strategy) -> None:
    """A backtest without orders is complete, as the Launcher's is."""
    answer, document = bands.run(fault="idle"), bands.launched(fault="idle").document
    assert answer["status"] == "complete"
    assert answer["statistics"] == document["statistics"]
    assert answer["orders"] == 0


@pytest.mark.parametrize("fault", ["initialize", "runtime"])
def test_failure_is_the_launchers(bands: Strategy, fault: str) -> None:
    """State, message and stack are those in the Launcher's document; the next backtest is well."""
    answer, document = bands.run(fault=fault), bands.launched(fault=fault).document
    assert answer["status"] == "error"
    assert answer["category"] == "strategy error"
    assert state(answer) == state(document)
    assert failure_of(answer) == failure_of(document) is not None
    assert bands.run()["status"] == "complete"


def test_strategy_that_quits(bands: Strategy) -> None:
    """It is judged as the Launcher's document is."""
    answer, document = bands.run(fault="quit"), bands.launched(fault="quit").document
    assert state(answer) == state(document)
    assert answer["statistics"] == document["statistics"]
    assert (answer["status"] == "error") == (failure_of(document) is not None)


def test_two_hundred_answers_are_the_same(bands: Strategy) -> None:
    """Nothing but the time that it took changes."""
    first = lasting(bands.run("equity", "trades"))
    for _ in range(199):
        assert lasting(bands.run("equity", "trades")) == first
