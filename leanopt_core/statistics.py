"""A backtest's statistics, looked up as LEAN's optimizer looks them up."""

from __future__ import annotations

from attrs import frozen


@frozen
class Statistics:
    """placeholder, replaced soon."""
