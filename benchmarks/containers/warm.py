"""leanopt's way: warm containers that are given one backtest after the other by the pool."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

from attrs import frozen
from utilisation import busy

from containers.work import Prepared, Project, Work
from leanopt_core.executors.docker.engine import Client, connect
from leanopt_core.executors.pool import Finished, Pool

_NO_OUTPUTS: frozenset[str] = frozenset()
_LIFELIKE = Work(asleep=0.05)
# How long containers may be left over before that is no delay any more, in seconds.
_LEFT_OVER = 30.0


@frozen
class Spell:
    """One backtest as its strategy saw it: who ran it, from when to when."""

    worker: float
    begun: float
    ended: float


@frozen
class Steady:
    """Backtests a second while all workers were running, and the share of their time."""

    per_s: float
    share: float


def steady(project: Project, workers: int, work: Work, seconds: float) -> Steady:
    """Measure for so long from when the last worker has begun."""
    with project.prepared() as prepared, _pool(prepared, workers) as pool:
        spells = _gathered(_spells(prepared, pool, work), workers, seconds)
    by_worker = defaultdict(list)
    for spell in spells:
        by_worker[spell.worker].append(spell)
    # Ends on both sides: so many intervals between ends, and none is cut.
    start = max(min(spell.ended for spell in mine) for mine in by_worker.values())
    stop = min(max(spell.ended for spell in mine) for mine in by_worker.values())
    ended = sum(start < spell.ended <= stop for spell in spells)
    share = busy([(spell.begun, spell.ended) for spell in spells], workers, start, stop)
    return Steady(ended / (stop - start), share)


@frozen
class Life:
    """Seconds until the first worker and the last began, and until nothing was left of them."""

    first: float
    start: float
    stop: float


def life(project: Project, workers: int) -> Life:
    """Start so many containers, let each do something, and end them all."""
    client = connect().client
    with project.prepared() as prepared:
        asked = time.monotonic()
        with _pool(prepared, workers) as pool:
            spells = _gathered(_spells(prepared, pool, _LIFELIKE), workers, 0)
            told = time.monotonic()
    _until_none_is_left(client, project)
    gone = time.monotonic()
    client.close()
    begun: dict[float, float] = {}
    for spell in spells:
        begun.setdefault(spell.worker, spell.begun)
    return Life(min(begun.values()) - asked, max(begun.values()) - asked, gone - told)


def _pool(prepared: Prepared, workers: int) -> Pool[int]:
    return Pool(prepared.executor, prepared.build.launch, workers=workers)


def _gathered(spells: Iterator[Spell], workers: int, seconds: float) -> Sequence[Spell]:
    """Return what was done until so long after the last worker's first, and then by each once."""
    begun: set[float] = set()
    ended: set[float] = set()
    gathered, until = [], math.inf
    for spell in spells:
        gathered.append(spell)
        begun.add(spell.worker)
        if len(begun) == workers and until == math.inf:
            until = spell.ended + seconds
        if spell.ended >= until:
            ended.add(spell.worker)
        if len(ended) == workers:
            break
    return gathered


def _spells(prepared: Prepared, pool: Pool[int], work: Work) -> Iterator[Spell]:
    """Yield backtests without end, in the order of their ends; there is always one waiting."""
    numbers = count()
    while True:
        for _, number in zip(range(pool.room()), numbers, strict=False):
            backtest = work.backtest(number)
            if pool.hello is not None:
                pool.submit(number, prepared.engine.request(backtest, _NO_OUTPUTS, pool.hello))
        for finished in pool.wait():
            yield _read(prepared, finished, work)


def _read(prepared: Prepared, finished: Finished[int], work: Work) -> Spell:
    if finished.answer is None:
        raise RuntimeError(f"a backtest has failed: {finished.failure}")
    outcome = prepared.engine.read(finished.answer, work.backtest(finished.ticket), _NO_OUTPUTS)
    if outcome.statistics is None:
        raise RuntimeError(f"a backtest has failed: {outcome.failure}")
    return Spell(**outcome.statistics.values)


def _until_none_is_left(client: Client, project: Project) -> None:
    mine = {"label": f"leanopt.project={project.folder}"}
    deadline = time.monotonic() + _LEFT_OVER
    while client.containers(all=True, filters=mine):
        if time.monotonic() > deadline:
            raise RuntimeError(f"containers are left over: {mine}")
        time.sleep(0.01)
