"""What it costs to guard results against what no key covers, as a share of a 10 ms backtest.

`audit_share`: the Python harness notes what a strategy opens. The events of one backtest are
recorded, and noted again and again: as many as a strategy has that reads three files, lists a
folder, tries an import, and calls NumPy.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import alone, options, report

#: The backtest that counts, in seconds.
BACKTEST = 0.01


def work(folder: Path) -> float:
    """Do what a strategy may do in each of its backtests."""
    import numpy as np

    texts = [(folder / f"{name}.txt").read_text() for name in "abc"]
    with (folder / "a.txt").open("rb") as file:
        table = np.loadtxt(file)
    try:
        import no_such_module  # type: ignore[import-not-found]
    except ImportError:
        no_such_module = None
    found = len(list(folder.iterdir())) + (no_such_module is not None)
    return float(table.sum()) + len(texts) + found


def audit_seconds(repeats: int) -> float:
    """Return how long noting what one backtest does takes, in seconds: the best of five."""
    from leanopt_harness.opened import Opened

    events: list[tuple[str, tuple[Any, ...]]] = []
    listening = False

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if listening:
            events.append((event, arguments))

    with TemporaryDirectory() as made:
        folder = Path(made)
        for name in "abc":
            (folder / f"{name}.txt").write_text("1 2 3\n")
        work(folder)
        sys.addaudithook(hear)
        listening = True
        work(folder)
        listening = False
        # Not installed: the events come from the list.
        note = Opened()._hook  # noqa: SLF001 - the hook itself is measured
        return min(_replayed(note, events, repeats) for _ in range(5))


def _replayed(note: Any, events: list[tuple[str, tuple[Any, ...]]], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        for event, arguments in events:
            note(event, arguments)
    return (time.perf_counter() - began) / repeats


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--repeats", type=int, help="of the events of one backtest")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (200 if chosen.quick else 2000)
    figures = {"audit_share": alone(audit_seconds, repeats) / BACKTEST}
    report("guards", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
