"""What all benchmarks share: their command line, medians, processes of their own, projects."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

T = TypeVar("T")
Figures = Mapping[str, float | None]


def options(description: str) -> argparse.ArgumentParser:
    """Return the command line that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: minutes become less")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON only")
    return parser


def report(name: str, figures: Figures, *, as_json: bool) -> None:
    """Print the figures: a table for people, and in any case one JSON object as the last line."""
    rounded = {key: None if value is None else rounded_to(value) for key, value in figures.items()}
    if not as_json:
        for key, value in rounded.items():
            print(f"{key:32} {value}")
    print(json.dumps({"benchmark": name, "figures": rounded}))


def rounded_to(value: float, digits: int = 4) -> float:
    """Return `value` to so many significant digits, whole numbers from 1,000 on."""
    return round(value) if abs(value) >= 10 ** (digits - 1) else float(f"{value:.{digits}g}")


def said(text: str) -> None:
    """Tell how far a benchmark is, on standard error."""
    print(text, file=sys.stderr, flush=True)


def alone(function: Callable[..., T], *arguments: Any) -> T:
    """Return what `function` returns in a fresh process, so that no contender inherits anything."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def interleaved(
    contenders: Mapping[str, Callable[[], float]], repeats: int
) -> dict[str, list[float]]:
    """Measure every contender once in each round, so that a busy spell of the machine hits all."""
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats):
        for name, measure in contenders.items():
            measured[name].append(measure())
            said(f"  {turn + 1}/{repeats} {name} {measured[name][-1]:.4g}")
    return measured


def medians(measured: Mapping[str, list[float]]) -> dict[str, float]:
    """Return each contender's median, and tell the spread."""
    for name, values in measured.items():
        said(f"  {name}: median {median(values):.4g}, from {min(values):.4g} to {max(values):.4g}")
    return {name: median(values) for name, values in measured.items()}


@contextmanager
def project(strategy: str, pipeline: str) -> Iterator[Path]:
    """Yield a pipeline file in a folder of its own, with its strategy beside it."""
    with TemporaryDirectory(prefix="leanopt-bench-") as folder:
        Path(folder, "strategy.py").write_text(strategy)
        Path(folder, "pipeline.toml").write_text(pipeline)
        yield Path(folder, "pipeline.toml")
