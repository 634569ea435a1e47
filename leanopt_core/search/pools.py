"""The worker pool of a prepared pipeline, with the limits of its executor."""

from __future__ import annotations

from leanopt_core.engines.base import Report, silent
from leanopt_core.executors.pool import Pool
from leanopt_core.search.prepare import Prepared, label


def worker_pool(
    ready: Prepared, workers: int, report: Report = silent, *, fresh: bool = False
) -> Pool[int]:
    """Return a pool of so many workers, not started; `report` gets what a user may want to know.

    With `fresh`, each backtest gets a worker that has run nothing.
    """
    settings = ready.pipeline.executor
    engine, executor = label("engine", ready.pipeline.engine), label("executor", settings.choice)
    return Pool(
        ready.executor,
        ready.build.launch,
        workers=workers,
        time_limit=settings.time_limit,
        memory_limit=settings.memory_limit,
        recycle_after=1 if fresh else settings.recycle_after,
        recycle_growth=settings.recycle_growth,
        retries=settings.retries,
        start_limit=settings.start_limit,
        start_patience=settings.start_patience,
        suspects=f"{engine} or {executor}",
        report=report,
    )
