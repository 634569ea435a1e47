"""Many containers start a few at a time, so that the first one serves long before the last."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.orphans import WORKER
from leanopt_core.executors.pool import Pool
from leanopt_core.testing.lines import PATIENCE, launch


def test_no_more_start_at_a_time_than_there_are_processors(
    make: Callable[..., DockerExecutor], engine: Engine, folder: Path
) -> None:
    """The engine's own account: so many made and not yet started, at most, but two anyway."""
    width = max(2, engine.processors)
    begun = time.time()
    mine = {"type": "container", "label": [f"leanopt.project={folder}", WORKER]}
    with Pool[int](make(), launch(), workers=2 * width + 2):
        events = engine.client.events(
            since=begun,
            until=time.time() + PATIENCE,
            filters={**mine, "event": ["create", "start"]},
            decode=True,
        )
        starting, started = 0, 0
        workers = (one for one in events if one["Actor"]["Attributes"][WORKER].isdigit())
        while started < 2 * width + 2:
            created = next(workers)["Action"] == "create"
            starting, started = starting + (1 if created else -1), started + (not created)
            assert starting <= width
        events.close()


def test_what_still_waits_to_start_is_not_started_after_the_end(
    make: Callable[..., DockerExecutor],
) -> None:
    """Closed at the first hello, while most are still to come: `make` sees that none is left."""
    with Pool[int](make(), launch(), workers=16) as pool:
        pool.wait(PATIENCE)
        assert pool.hello is not None
