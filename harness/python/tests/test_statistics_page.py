"""The reference of the statistics names what is computed, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from leanopt_harness import Fill
from leanopt_harness.statistics import lean_result

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "harness-statistics.md"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def sections() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the top, the portfolio's and the trades' statistics of some result."""
    times = [86_400 * day for day in range(1, 9)]
    fills = [Fill(times[i], quantity, 100.0 + i, 1.0) for i, quantity in enumerate((1, -1, 1, -1))]
    equity = [1000.0, 1004.0, 999.0, 1003.0, 998.0, 997.0, 1005.0, 1009.0]
    top: dict[str, Any] = dict(lean_result(times, equity, fills).statistics)
    performance = top.pop("totalPerformance")
    return top, performance["portfolioStatistics"], performance["tradeStatistics"]


def test_the_summary_and_the_portfolio_are_listed() -> None:
    """Every name with its key, which holds the same number."""
    top, portfolio, _ = sections()
    table = rows("The summary")
    assert {row[0] for row in table} - {""} == top.keys()
    keys = {row[0]: row[1].strip("`") for row in table}
    assert {row[1].strip("`") for row in table} - {""} == portfolio.keys()
    assert all(top[name] == portfolio[key] for name, key in keys.items() if name and key)
    assert all(row[5].endswith(".cs") for row in table)


def test_the_trade_statistics_are_listed() -> None:
    """Every key once."""
    listed = [key for row in rows("`totalPerformance.tradeS") for key in re.findall(r"\w+", row[0])]
    assert sorted(listed) == sorted(sections()[2])
