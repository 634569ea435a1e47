"""Whether a warm harness gives what fresh processes give, on LEAN's own regression algorithms.

python benchmarks/regression.py --lean FOLDER [--data FOLDER] [--cold FILE] [--json]

LEAN's folder is the output of its Launcher, with LEAN's regression algorithms in it; the data are
those that LEAN's sources have. The stock Launcher runs each algorithm in a process of its own: it
passes where its state and all its statistics are as LEAN's own tests expect them. Then one warm
harness runs all of them, shuffled, each twice in a row, once for each seed; state, statistics,
order hash and equity curve must be those of the fresh process. At last each algorithm is given its
own dates from outside, then its cash too, which must change nothing; but cash from outside is all
the cash there is, also for an algorithm that begins with other currencies. Differences are printed
by name.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field, frozen
from common import options, report, said
from regression.algorithms import Algorithm, Lean, compiled, csharp, python
from regression.cold import Kept
from regression.results import Result, differences, unmet
from regression.warm import Harness

HERE = Path(__file__).resolve().parent
HARNESS = HERE.parent / "harness" / "csharp"
LISTING = HERE / "regression" / "listing"
#: The only currency in which cash can be given from outside.
CURRENCY = "USD"
MOST_SHOWN = 4

Cold = Mapping[str, Result]


@define
class Compared:
    """Names of algorithms that were equal each time, and of those that were not."""

    what: str
    equal: set[str] = field(factory=set)
    other: set[str] = field(factory=set)

    def note(self, name: str, found: Sequence[str]) -> None:
        """Count an algorithm, and tell what differs."""
        (self.other if found else self.equal).add(name)
        if found:
            more = f" and {len(found) - MOST_SHOWN} more" if found[MOST_SHOWN:] else ""
            said(f"{self.what}: {name}: {'; '.join(found[:MOST_SHOWN])}{more}")

    def count(self, names: Iterable[str]) -> int:
        """Return how many of these were equal each time."""
        return len((self.equal - self.other).intersection(names))


@frozen
class Suite:
    """The algorithms, their cold results, and those that pass there."""

    algorithms: Sequence[Algorithm]
    cold: Cold
    passing: frozenset[str]


def measured(suite: Suite, harness: Harness, seeds: int) -> dict[str, float | None]:
    """Return the figures."""
    warm, twice, dates, cash = (Compared(name) for name in ("warm", "twice", "dates", "cash"))
    for seed in range(seeds):
        for at, algorithm in enumerate(shuffled(suite.algorithms, seed)):
            said(f"  seed {seed}: {at + 1}/{len(suite.algorithms)} {algorithm.name}")
            run_twice(suite, harness, algorithm, warm, twice)
    for algorithm in shuffled(suite.algorithms, seeds):
        if algorithm.name in suite.passing and suite.cold[algorithm.name].start is not None:
            said(f"  from outside: {algorithm.name}")
            run_from_outside(suite, harness, algorithm, dates, cash)
    passing = suite.passing
    failing = suite.cold.keys() - passing
    return {
        "algorithms": len(suite.algorithms),
        "cold_pass": len(passing),
        "warm_equal": warm.count(passing),
        "warm_differ": len(warm.other & passing),
        "twice_equal": twice.count(passing),
        "cold_fail": len(failing),
        "fail_equal": warm.count(failing),
        "dates_equal": dates.count(passing),
        "dates_differ": len(dates.other),
        "cash_equal": cash.count(passing),
        "cash_differ": len(cash.other),
        "replaced": harness.replaced,
    }


def shuffled(algorithms: Iterable[Algorithm], seed: int) -> list[Algorithm]:
    """Return the algorithms in the order of a seed."""
    mixed = list(algorithms)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, no secret
    return mixed


def run_twice(
    suite: Suite, harness: Harness, algorithm: Algorithm, warm: Compared, twice: Compared
) -> None:
    """Run an algorithm twice in a row, and compare the first with cold, the second with it."""
    first, second = harness.run(algorithm), harness.run(algorithm)
    warm.note(algorithm.name, list(differences(first, suite.cold[algorithm.name])))
    twice.note(algorithm.name, list(differences(second, first)))


def run_from_outside(
    suite: Suite, harness: Harness, algorithm: Algorithm, dates: Compared, cash: Compared
) -> None:
    """Run an algorithm with its own dates given from outside, then with its cash, and compare."""
    cold = suite.cold[algorithm.name]
    scenario: dict[str, Any] = {"start": cold.start, "end": cold.end}
    dates.note(algorithm.name, list(differences(harness.run(algorithm, scenario), cold)))
    if cold.currency == CURRENCY and cold.cash is not None:
        # As its source writes it: LEAN's answer has as many places.
        scenario["cash"] = int(cold.cash) if cold.cash == int(cold.cash) else cold.cash
        cash.note(algorithm.name, list(differences(harness.run(algorithm, scenario), cold)))


def suite_of(algorithms: Sequence[Algorithm], kept: Kept) -> Suite:
    """Run what has no cold result yet, and tell what does not pass."""
    cold, passing = {}, set()
    for algorithm in algorithms:
        cold[algorithm.name] = result = kept.result(algorithm)
        found = list(unmet(result, algorithm.status, algorithm.expected))
        if found:
            said(f"cold: {algorithm.name}: {'; '.join(found[:MOST_SHOWN])}")
        else:
            passing.add(algorithm.name)
    return Suite(algorithms, cold, frozenset(passing))


def keys(texts: Iterable[str], fail: Callable[[str], Any]) -> dict[str, str]:
    """Return the configuration in `KEY=VALUE` texts."""
    for text in texts:
        if "=" not in text:
            fail(f"--config {text}: expected KEY=VALUE")
    return dict(text.split("=", 1) for text in texts)


def command_line() -> argparse.ArgumentParser:
    """Return the options."""
    parser = options(__doc__)
    parser.add_argument("--lean", type=Path, required=True, help="the Launcher's folder")
    parser.add_argument("--data", type=Path, help="LEAN's data folder (default: ../data)")
    parser.add_argument("--harness", type=Path, default=HARNESS, help="the harness's sources")
    parser.add_argument("--python", type=Path, help="run the Python algorithms in this folder")
    parser.add_argument("--only", default="", help="algorithms whose name matches this pattern")
    parser.add_argument("--seeds", type=int, help="of the order (default: 3)")
    parser.add_argument("--config", action="append", default=[], help="KEY=VALUE for LEAN")
    parser.add_argument("--cold", type=Path, help="keep cold results in this file")
    parser.add_argument("--time-limit", type=float, default=60, help="seconds for a backtest")
    return parser


def main() -> None:
    """Run, compare and print."""
    parser = command_line()
    chosen = parser.parse_args()
    data = chosen.data or chosen.lean.parent / "data"
    lean = Lean(chosen.lean.resolve(), data.resolve(), keys(chosen.config, parser.error))
    with TemporaryDirectory(prefix="leanopt-regression-") as made:
        folder = Path(made)
        assembly = compiled(chosen.harness, lean.folder, folder / "harness")
        listing = compiled(LISTING, lean.folder, folder / "listing")
        found = python(lean, listing, chosen.python) if chosen.python else csharp(lean, listing)
        algorithms = [one for one in found if re.search(chosen.only, one.name)]
        suite = suite_of(algorithms, Kept(chosen.cold, lean, chosen.time_limit))
        with Harness(assembly, lean, folder, chosen.time_limit) as harness:
            figures = measured(suite, harness, chosen.seeds or (1 if chosen.quick else 3))
    name = "regression_python" if chosen.python else "regression"
    report(name, figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
