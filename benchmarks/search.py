"""Compares search methods on landscapes whose best point is known.

    python benchmarks/search.py [--quick] [--json] [--keep FILE] [--kept] [--write]

Needs leanopt and its plugins; peers that need Optuna take part where it is installed
(requirements-bench.txt). The last line of output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from landscapes import HELD_OUT, LANDSCAPES, landscape
from search import drive
from search.figures import level, summary
from search.keep import Job, Kept, stamp
from search.methods import LOOKAHEAD, METHODS
from search.page import filled
from search.picture import picture
from search.ran import run_as
from search.report import figures, intervals
from search.tables import tables
from search.verdicts import signs, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from search.drive import Trace
    from search.report import Results

SEEDS: Final = 20
LOOKAHEADS: Final = (1, 16, 48, 200)
QUICK_SEEDS: Final = 3
QUICK_METHODS: Final = ("default", "random", "plain_ga")
PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "choosing-a-method.md"
#: Who sets the level, and at which lookahead.
LEVEL_BY, LEVEL_LOOKAHEAD = "plain_ga", 1
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for, print the tables, then the JSON."""
    options = _options(arguments)
    lacking = {name: METHODS[name].lacks() for name in options.methods}
    run = [name for name, lack in lacking.items() if lack is None]
    processes = 0 if options.kept else options.processes
    traces = _traces(list(_jobs(options, run)), Kept(options.keep), processes)
    results = _results(options.landscapes, traces)
    missing = {name: lack for name, lack in lacking.items() if lack is not None}
    said = {**tables(results), **verdicts(results), **run_as(results, missing)}
    if not options.json:
        print("\n\n".join(f"{name}\n\n{table}" for name, table in said.items()))
    if options.write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), said), encoding="utf-8")
        PAGE.with_suffix(".svg").write_text(picture(results), encoding="utf-8")
    document = {
        "benchmark": "search",
        "seeds": options.seeds,
        "level_seeds": SEEDS,
        "not_installed": missing,
        "figures": figures(results),
        "intervals": intervals(results),
        "verdicts": signs(results),
    }
    print(json.dumps(document, allow_nan=False))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="3 seeds, lookahead 16, few methods",
    )
    parser.add_argument("--json", action="store_true", help="no tables")
    parser.add_argument("--methods", type=_names(METHODS), help="by name, with commas")
    parser.add_argument(
        "--landscapes",
        type=_names(LANDSCAPES),
        help=f"by name, with commas; no option is ever chosen on {' and '.join(HELD_OUT)}",
    )
    parser.add_argument("--seeds", type=int, help=f"{SEEDS} unless given")
    parser.add_argument("--lookaheads", type=_numbers, help="with commas")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a file: runs that are in it are not repeated")
    parser.add_argument("--kept", action="store_true", help="nothing is run: what is kept, alone")
    parser.add_argument("--write", action="store_true", help="fill the page and draw its picture")
    options = parser.parse_args(arguments)
    quick = options.quick
    options.methods = options.methods or list(QUICK_METHODS if quick else METHODS)
    quick_places = [name for name in LANDSCAPES if name not in HELD_OUT]
    options.landscapes = options.landscapes or (quick_places if quick else list(LANDSCAPES))
    options.seeds = options.seeds or (QUICK_SEEDS if quick else SEEDS)
    options.lookaheads = options.lookaheads or ([LOOKAHEAD] if quick else list(LOOKAHEADS))
    return options


def _names(known: Iterable[str]) -> partial[list[str]]:
    return partial(_listed, tuple(known))


def _listed(known: Sequence[str], text: str) -> list[str]:
    names = text.split(",")
    if strange := sorted(set(names) - set(known)):
        raise argparse.ArgumentTypeError(f"no {strange[0]!r}; choose from: {', '.join(known)}")
    return names


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _jobs(options: argparse.Namespace, methods: Sequence[str]) -> Iterator[Job]:
    """Yield the runs, those that set the level first, a landscape at a time."""
    for place in options.landscapes:
        for seed in range(SEEDS):
            yield Job(place, LEVEL_BY, LEVEL_LOOKAHEAD, seed)
        for name in methods:
            for lookahead in options.lookaheads:
                for seed in range(METHODS[name].seeds(lookahead, options.seeds)):
                    yield Job(place, name, lookahead, seed)


def _traces(jobs: Sequence[Job], kept: Kept, processes: int) -> dict[Job, Trace]:
    """Return what came of each job; what is kept is not run again, without processes nothing is."""
    pairs = {(job.method, job.landscape) for job in jobs}
    known = {pair: stamp(METHODS[pair[0]], landscape(pair[1])) for pair in sorted(pairs)}
    stamps = {job: known[job.method, job.landscape] for job in jobs}
    found = {job: trace for job in stamps if (trace := kept.get(job, stamps[job]))}
    if processes:
        for job, trace in _run([job for job in stamps if job not in found], processes):
            found[job] = trace
            kept.add(job, stamps[job], trace)
    return found


def _run(jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Trace]]:
    """Do runs side by side and say how many are done."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by the processes that start now
    with get_context("spawn").Pool(processes) as pool:
        for count, done in enumerate(pool.imap_unordered(run, jobs), start=1):
            yield done
            print(f"\r{count} of {len(jobs)} runs", end="", file=sys.stderr)
    print(file=sys.stderr)


def run(job: Job) -> tuple[Job, Trace]:
    """Do one run, in a process of its own."""
    here = landscape(job.landscape)
    method = METHODS[job.method]
    return job, drive.run(method, here, job.lookahead, job.seed, method.last)


def _results(landscapes: Sequence[str], traces: dict[Job, Trace]) -> Results:
    results = {}
    for place in landscapes:
        groups: dict[tuple[str, int], dict[int, Trace]] = {}
        for job, trace in sorted(traces.items()):
            if job.landscape == place:
                groups.setdefault((job.method, job.lookahead), {})[job.seed] = trace
        here = landscape(place)
        at = level(list(groups[LEVEL_BY, LEVEL_LOOKAHEAD].values()), here.best)
        for (method, lookahead), group in groups.items():
            results[place, method, lookahead] = summary(group, here, at, METHODS[method].last)
    return results


if __name__ == "__main__":
    main()
