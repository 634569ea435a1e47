"""Full result files that are kept are whole, or there are none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from leanopt_core.search.artifacts import ArtifactKeeper, BacktestRef, kept_in
from leanopt_core.statistics import Statistics
from leanopt_core.work import Outcome


class Written:
    """What a worker has left, in memory."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def names(self) -> tuple[str, ...]:
        """Return the names."""
        return self._names

    def open(self, name: str) -> BinaryIO:
        """Open one, which holds its own name."""
        return io.BytesIO(name.encode())

    def remove(self) -> None:
        """Do nothing."""


def test_half_of_the_files_is_not_kept(tmp_path: Path) -> None:
    """A name that leaves the folder, after one that does not: neither is linked to the trial."""
    keeper = ArtifactKeeper("all", tmp_path, "run-1")
    for ticket, names in enumerate((("a.json", "../b.json"), ("a.json", "b.json")), 1):
        keeper.take(ticket, Written(*names), Outcome(Statistics()))
        keeper.give(ticket, [BacktestRef(1, ticket, "../default", 0)])
    assert "a file called '../b.json'" in keeper.fault()
    assert not kept_in(tmp_path, "run-1", 1, 1).exists()
    whole = kept_in(tmp_path, "run-1", 1, 2) / "1"
    assert sorted(path.name for path in whole.iterdir()) == ["a.json", "b.json"]
