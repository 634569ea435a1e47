"""A sample of LEAN's own regression algorithms in one warm harness: LEAN's expectations are met.

All of them, against fresh processes, are what `benchmarks/regression.py` runs.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from regression.algorithms import ASSEMBLY, Algorithm, Lean, compiled, csharp
from regression.results import differences, unmet
from regression.warm import Harness

from tests.lean_real.conftest import LIMIT, ROOT, Real

pytestmark = pytest.mark.slow

LISTING = ROOT / "benchmarks" / "regression" / "listing"
#: Daily, hourly and minute bars of all kinds of securities, and what LEAN keeps between backtests.
SAMPLE = (
    "BasicTemplateAlgorithm",
    "BasicTemplateCryptoAlgorithm",
    "BasicTemplateCryptoFutureHourlyAlgorithm",
    "CustomDataUniverseScheduledRegressionAlgorithm",
    "BasicTemplateFuturesHourlyAlgorithm",
    "BasicTemplateFuturesWithExtendedMarketHourlyAlgorithm",
    "BasicTemplateHourlyAlgorithm",
    "BasicTemplateIndexDailyAlgorithm",
    "BasicTemplateIndexOptionsHourlyAlgorithm",
    "BasicTemplateOptionsAlgorithm",
    "ContinuousFutureRolloverHourExchangeTimeZoneBehindOfDataRegressionAlgorithm",
    "CustomBrokerageModelRegressionAlgorithm",
    "CustomDataObjectStoreRegressionAlgorithm",
    "CustomDataUnlinkedTradeBarIconicTypeConsolidationRegressionAlgorithm",
    "CustomPartialFillModelAlgorithm",
    "EquitySplitHoldingsHourRegressionAlgorithm",
    "HourMarketOrderFillsAtBarCloseRegressionAlgorithm",
    "MarketOnCloseOrderBufferRegressionAlgorithm",
    "ParameterizedAlgorithm",
    "SetHoldingsMarketOnOpenRegressionAlgorithm",
)


@pytest.fixture(scope="module")
def algorithms(real: Real, tmp_path_factory: pytest.TempPathFactory) -> list[Algorithm]:
    """The algorithms of the sample, shuffled."""
    if not (real.lean / ASSEMBLY).is_file():
        pytest.skip(f"LEAN's own algorithms are not there: {ASSEMBLY}")
    listing = compiled(LISTING, real.lean, tmp_path_factory.mktemp("listing") / "made")
    lean = Lean(real.lean, real.data, {})
    found = [one for one in csharp(lean, listing) if one.name in SAMPLE]
    random.Random(3).shuffle(found)
    return found


def test_sample(real: Real, algorithms: list[Algorithm], tmp_path: Path) -> None:
    """Each is as LEAN expects it, and the same again, whatever ran before it."""
    assert {one.name for one in algorithms} == set(SAMPLE)
    lean = Lean(real.lean, real.data, {})
    with Harness(real.harness, lean, tmp_path, LIMIT) as harness:
        for algorithm in algorithms:
            first = harness.run(algorithm)
            assert not list(unmet(first, algorithm.status, algorithm.expected)), algorithm.name
            assert not list(differences(harness.run(algorithm), first)), algorithm.name
        assert harness.replaced == 0
