"""Print the statistics of one backtest."""

from __future__ import annotations

from collections.abc import Mapping

import click

from leanopt_core.cli.output import plain, print_table
from leanopt_core.report.statistics import DETAILED, statistic_text


def print_statistics(statistics: Mapping[str, object]) -> None:
    """Print a table of statistics, without those that repeat others in more detail."""
    shown = {k: v for k, v in statistics.items() if not k.startswith(DETAILED)}
    rows = [(f"  {name}", statistic_text(name, value)) for name, value in shown.items()]
    print_table(("  statistic", "value"), rows)
    others = [name for name in statistics if name not in shown]
    if others:
        click.echo(f"  and {len(others)} more, such as {plain(others[0])}; show them with --json")
