"""What an engine tells of containers, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leanopt_core.executors.docker.engine import Engine
from leanopt_core.testing.lines import PATIENCE


@contextmanager
def event(engine: Engine, action: str, **filters: object) -> Iterator[Callable[[], str]]:
    """Yield what waits for the next such event of the engine's, and returns whose it is."""
    since = int(time.time())
    stream = engine.client.events(
        since=since, until=since + int(PATIENCE), filters={"event": action, **filters}, decode=True
    )
    yield lambda: str(next(stream)["id"])
    stream.close()
    stream._response.close()  # the SDK leaves it, and with it the socket


def harness(engine: Engine, ident: str) -> int:
    """Return the process on this machine that is a container's harness, below its init."""
    init = engine.client.inspect_container(ident)["State"]["Pid"]
    children = Path(f"/proc/{init}/task/{init}/children").read_text().split()
    return int(children[0])
