"""What is measured: contenders beside each other, the first answer, two workers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median

from attrs import frozen
from common import medians, said
from regression.results import differences

from lean.contenders import Peer, Served, Stock, Timed, Warm
from lean.work import Place, Work, drawn

#: How many backtests each contender runs in a round.
TURNS = {"stock": 1, "warm": 10, "peer": 3}
#: How many backtests each process runs where rates of one and two are compared.
BOTH = 50
#: Which backtests of a new process say how soon it is fast.
SOON = slice(14, 25)
Parameters = Mapping[str, int]


class UnequalError(Exception):
    """Warm LEAN and the stock Launcher disagree."""


@frozen
class Size:
    """How many rounds are measured, after how many backtests in each process."""

    rounds: int
    settled: int


def beside(place: Place, work: Work, size: Size, peer: Path | None) -> dict[str, float]:
    """Return each contender's median seconds for a backtest, measured in turn.

    Raises UnequalError if warm results are not those of the stock Launcher.
    """
    with ExitStack() as stack:
        served: dict[str, Served] = {"warm": stack.enter_context(Warm(place, work))}
        if peer is not None:
            served["peer"] = stack.enter_context(Peer(place, peer))
        for one in served.values():
            settle(place, work, one, size.settled)
        contenders = {"stock": Stock(place), **served}
        measured: dict[str, list[float]] = {name: [] for name in contenders}
        for turn, parameters in enumerate(islice(drawn(), size.rounds)):
            first: dict[str, Timed] = {}
            for name, contender in contenders.items():
                sets = [parameters, *islice(drawn(), TURNS[name] - 1)]
                timed = [contender.run(place.config(work, one)) for one in sets]
                measured[name] += [one.seconds for one in timed]
                first[name] = timed[0]
                said(f"  {turn + 1}/{size.rounds} {name} {measured[name][-1]:.4g}")
            check(first["warm"], first["stock"], parameters)
    return medians(measured)


def settle(place: Place, work: Work, served: Served, backtests: int) -> list[float]:
    """Run so many backtests; return their seconds."""
    return [
        served.run(place.config(work, parameters)).seconds
        for parameters in islice(drawn(), backtests)
    ]


def check(warm: Timed, stock: Timed, parameters: Parameters) -> None:
    """Raise UnequalError if two results are not the same."""
    assert warm.result is not None  # noqa: S101 - for the type checker
    assert stock.result is not None  # noqa: S101
    if found := list(differences(warm.result, stock.result)):
        lines = "\n  ".join(found)
        raise UnequalError(f"warm and stock differ with {dict(parameters)}:\n  {lines}")


def start(place: Place, work: Work, size: Size) -> tuple[float, float]:
    """Return the seconds to the first answer of a new process, and how soon it is fast.

    That is the time for a backtest after 20 over the time for one when the process has settled.
    """
    with Warm(place, work) as warm:
        warm.run(place.config(work, next(drawn())))
        first = time.perf_counter() - warm.begun
        soon = median([first, *settle(place, work, warm, SOON.stop - 1)][SOON])
        settle(place, work, warm, max(0, size.settled - SOON.stop))
        return first, soon / median(settle(place, work, warm, TURNS["warm"]))


def scaling(place: Place, work: Work, size: Size) -> float:
    """Return the rate of two processes over that of one, measured in turn."""
    with ExitStack() as stack:
        two = [stack.enter_context(Warm(place, work)) for _ in range(2)]
        for one in two:
            settle(place, work, one, size.settled)
        ratios = [
            2 * seconds(place, work, two[:1]) / seconds(place, work, two)
            for _ in range(size.rounds)
        ]
    said(f"  two workers: {', '.join(f'{ratio:.3g}' for ratio in ratios)}")
    return median(ratios)


def seconds(place: Place, work: Work, served: list[Warm]) -> float:
    """Return how long all take that run as many backtests each at the same time."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(served)) as pool:
        jobs = [pool.submit(settle, place, work, one, BOTH) for one in served]
        for job in jobs:
            job.result()
    return time.perf_counter() - begun
