"""Remove what no kept run or stored backtest refers to any more."""

from __future__ import annotations

import shutil

from leanopt_core.engines.snapshot import names_in, remove_snapshots
from leanopt_core.project_files import BUILDS, SINGLES
from leanopt_core.store.store import Store


def remove_unused_snapshots(store: Store) -> int:
    """Remove the copies of sources that neither a kept run nor a process uses; return how many."""
    kept = {name for text in store.runs.executions() for name in names_in(text)}
    return remove_snapshots(store.path.parent.parent / BUILDS, kept)


def remove_unused_results(store: Store) -> int:
    """Remove the full results of single backtests that are not stored any more; return how many."""
    folder = store.path.parent.parent / SINGLES
    stored = store.stored_keys() if folder.is_dir() else set()
    gone = [one for one in folder.glob("*") if one.name not in stored]
    for one in gone:
        shutil.rmtree(one, ignore_errors=True)
    return len(gone)
