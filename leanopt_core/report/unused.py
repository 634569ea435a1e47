"""Remove what no kept run refers to any more."""

from __future__ import annotations

from leanopt_core.engines.snapshot import names_in, remove_snapshots
from leanopt_core.project_files import BUILDS
from leanopt_core.store.store import Store


def remove_unused_snapshots(store: Store) -> int:
    """Remove the copies of sources that neither a kept run nor a process uses; return how many."""
    kept = {name for text in store.runs.executions() for name in names_in(text)}
    return remove_snapshots(store.path.parent.parent / BUILDS, kept)
