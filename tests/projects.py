"""Projects for tests: a strategy and a pipeline in a folder."""

from __future__ import annotations

from pathlib import Path

#: The beginning of a strategy whose backtests take time: `delay()` in its function.
DELAYED = '''
import os
import time
from random import Random

from leanopt_harness import Result, backtest


def delay():
    """How long a backtest takes, as tests.command leaves it here."""
    try:
        return float(os.readlink(os.path.join(os.path.dirname(__file__), ".HILL_DELAY")))
    except OSError:
        return 0.0
'''


def lay(folder: Path, strategy: str, pipeline: str) -> Path:
    """Write `strategy.py` and `pipeline.toml` into a folder, and return it."""
    (folder / "strategy.py").write_text(strategy)
    (folder / "pipeline.toml").write_text(pipeline)
    return folder
