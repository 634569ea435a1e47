"""How long a backtest takes in warm LEAN, in the stock Launcher, and in a peer's warm LEAN.

python benchmarks/lean.py --lean FOLDER [--data FOLDER] [--peer FOLDER] [--only NAME ...] [--json]

LEAN's folder is the output of its Launcher, the peer's has LeanHarness.dll. The strategy follows
two averages of SPY; its parameters differ from backtest to backtest. Contenders take turns. Where
statistics, order hash or equity of warm LEAN are not those of the stock Launcher, the benchmark
fails and names what differs. Python strategies need PYTHONNET_PYDLL. Without --lean only the
processor time of leanopt itself is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from common import options, report, said
from everything import measured
from lean.measures import Size, UnequalError, beside, scaling, start
from lean.work import STRATEGY, WORKS, Place
from regression.algorithms import compiled

HARNESS = Path(__file__).resolve().parents[1] / "harness" / "csharp"
PEER, PYTHON = "LeanHarness.dll", "PYTHONNET_PYDLL"
#: What is measured beside works: new processes, two workers, leanopt's own share.
FIRST, TWO, OWN = "first", "two_workers", "own_share"
WITH_PEER = ("1y", "5y")
#: The least share of the steady rate that a process must have after 20 backtests.
SOON = 0.9
FIGURES = (
    *(f"{kind}_s_{name}" for kind in ("stock", "warm") for name in WORKS),
    *(f"peer_s_{name}" for name in WITH_PEER),
    *(f"ratio_{name}" for name in WORKS),
    *(f"ratio_peer_{name}" for name in WITH_PEER),
    *("first_answer_s", "steady_after_20", "two_workers", "own_share_50ms"),
)

Figures = dict[str, float | None]


def main() -> None:
    """Measure and print."""
    parser = command_line()
    chosen = parser.parse_args()
    figures: Figures = dict.fromkeys(FIGURES)
    try:
        if chosen.lean is not None:
            with TemporaryDirectory(prefix="leanopt-lean-") as folder:
                figures |= with_lean(place_of(chosen, Path(folder)), chosen)
    except UnequalError as error:
        sys.exit(str(error))
    if wanted(chosen, OWN):
        figures["own_share_50ms"] = measured("own_share", quick=chosen.quick)["own_share_50ms"]
    report("lean", figures, as_json=chosen.json)


def command_line() -> argparse.ArgumentParser:
    """Return the options."""
    names = (*WORKS, FIRST, TWO, OWN)
    parser = options(__doc__)
    parser.add_argument("--lean", type=Path, help="the Launcher's folder")
    parser.add_argument("--data", type=Path, help="LEAN's data folder (default: ../data)")
    parser.add_argument("--peer", type=Path, help=f"the folder of the peer's {PEER}")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, help="of everything (default: 7, quick: 3)")
    parser.add_argument("--settled", type=int, help="backtests before the first that counts")
    return parser


def place_of(chosen: argparse.Namespace, folder: Path) -> Place:
    """Compile the harness and the strategy, and return where everything is."""
    lean = chosen.lean.resolve()
    data = (chosen.data or lean.parent / "data").resolve()
    harness = compiled(HARNESS, lean, folder / "harness")
    return Place(lean, data, harness, compiled(STRATEGY, lean, folder / "strategy"), folder)


def wanted(chosen: argparse.Namespace, name: str) -> bool:
    """Return whether this is measured."""
    return chosen.only is None or name in chosen.only


def with_lean(place: Place, chosen: argparse.Namespace) -> Figures:
    """Return all figures that need LEAN."""
    figures: Figures = {}
    for name in filter(lambda name: wanted(chosen, name), WORKS):
        if WORKS[name].python and not os.environ.get(PYTHON):
            said(f"{name} is not measured: {PYTHON} does not name Python's shared library")
            continue
        said(name)
        peer = chosen.peer / PEER if chosen.peer and name in WITH_PEER else None
        figures |= compared(name, beside(place, WORKS[name], size_of(chosen, name), peer))
    if wanted(chosen, FIRST):
        figures |= first(place, size_of(chosen, "1y"))
    if wanted(chosen, TWO):
        figures["two_workers"] = scaling(place, WORKS["1y"], size_of(chosen, "1y"))
    return figures


def size_of(chosen: argparse.Namespace, name: str) -> Size:
    """Return how much is measured of a work."""
    few = chosen.quick and name == "20y"
    rounds = chosen.rounds or (3 if chosen.quick else 7)
    return Size(rounds, chosen.settled or (20 if few else 100))


def compared(name: str, found: Mapping[str, float]) -> Figures:
    """Return the figures of a work: seconds for a backtest, and ratios to warm LEAN."""
    figures: Figures = {f"{kind}_s_{name}": value for kind, value in found.items()}
    figures[f"ratio_{name}"] = found["stock"] / found["warm"]
    if "peer" in found:
        figures[f"ratio_peer_{name}"] = found["peer"] / found["warm"]
    return figures


def first(place: Place, size: Size) -> Figures:
    """Return the figures of new processes."""
    said(FIRST)
    starts = [start(place, WORKS["1y"], size) for _ in range(size.rounds)]
    answer, soon = (median(values) for values in zip(*starts, strict=True))
    if soon > 1 / SOON:
        said(
            f"  after 20 backtests {soon:.3g} times as long as when settled; at most {1 / SOON:.3g}"
        )
    return {"first_answer_s": answer, "steady_after_20": soon}


if __name__ == "__main__":
    main()
