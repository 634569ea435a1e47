"""How long one of LEAN's result documents takes to read, beside parsing it with `json` alone.

The document is a real one, its series repeated until it has 1.2 MB: what five years of daily bars
leave. It is read as a run reads it, from a file. Times are the processor's: time in which other
programs had it is left out.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import BinaryIO

from common import alone, interleaved, medians, options, report

COMPLETED = Path(__file__).parents[1] / "tests/lean-results/documents/completed/backtest.json"
SIZE = 1_200_000
DAY = 86_400


class Folder:
    """The files below a folder, as a worker leaves them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(path.name for path in self.path.iterdir())

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        return (self.path / name).open("rb")

    def remove(self) -> None:
        """Leave the folder to whoever made it."""


def document(size: int) -> bytes:
    """Return the real document with its series repeated, each time later, to at least `size`."""
    whole = json.loads(COMPLETED.read_bytes())
    every = [one for chart in whole["charts"].values() for one in chart["series"].values()]
    real = [one["values"] for one in every]
    span = max(values[-1][0] - values[0][0] for values in real) + DAY
    times = 1
    while len(text := json.dumps(whole, separators=(",", ":"))) < size:
        for one, values in zip(every, real, strict=True):
            one["values"] = one["values"] + [[v[0] + times * span, *v[1:]] for v in values]
        times += 1
    return text.encode()


def read(outputs: frozenset[str], folder: Path) -> None:
    """Read the document as leanopt does."""
    from leanopt_lean.document import read_results

    outcome = read_results(Folder(folder), prefix="", ident="doc", symbol="SPY", outputs=outputs)
    if outcome.failure is not None:
        raise RuntimeError(outcome.failure.message)


def parse(folder: Path) -> None:
    """Parse the document with the standard library, and take nothing out of it."""
    json.loads((folder / "doc.json").read_bytes())


CONTENDERS: dict[str, Callable[[Path], None]] = {
    "read": partial(read, frozenset()),
    "read_equity": partial(read, frozenset({"equity"})),
    "read_all": partial(read, frozenset({"equity", "trades"})),
    "json_parse": parse,
}


def milliseconds(name: str, folder: Path, repeats: int) -> float:
    """Return the median processor time of a reading, after a few that warm up."""
    taken = []
    for _ in range(repeats + 3):
        begun = time.process_time()
        CONTENDERS[name](folder)
        taken.append((time.process_time() - begun) * 1000)
    return median(taken[3:])


def peak_mb(name: str, folder: Path, small: Path) -> float:
    """Return how many MB (10^6 bytes) of Python's memory a reading takes at most.

    The small document is read first, so that what reading imports does not count.
    """
    CONTENDERS[name](small)
    tracemalloc.start()
    CONTENDERS[name](folder)
    return tracemalloc.get_traced_memory()[1] / 1e6


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--repeats", type=int, help="rounds, each of 30 readings a contender")
    chosen = parser.parse_args()
    repeats = chosen.repeats or (3 if chosen.quick else 7)
    with TemporaryDirectory(prefix="leanopt-bench-") as made:
        folder, small = Path(made, "full"), Path(made, "small")
        for path, size in ((folder, SIZE), (small, 0)):
            path.mkdir()
            (path / "doc.json").write_bytes(document(size))
        contenders = {
            **{f"{n}_ms": partial(alone, milliseconds, n, folder, 30) for n in CONTENDERS},
            **{f"{n}_peak_mb": partial(alone, peak_mb, n, folder, small) for n in CONTENDERS},
        }
        figures: dict[str, float | None] = {**medians(interleaved(contenders, repeats))}
        figures["document_mb"] = (folder / "doc.json").stat().st_size / 1e6
    report("documents", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
