"""The peers: a container for each backtest, and a process for each in one container."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import partial
from typing import Any

from containers.inside import check, paced
from containers.work import Project, Work
from leanopt_core.engines.python import PythonEngine
from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.session import open_session
from leanopt_core.executors.docker.spec import api_body, container_spec
from leanopt_core.harness.events import Hello
from leanopt_core.harness.framing import request_line
from leanopt_core.work import Command

_STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
_OUTPUT = 1


def containers(project: Project, workers: int, work: Work, seconds: float) -> float:
    """Return backtests a second of a container for each, as `lean backtest` does.

    What a container may do, and what it runs, is what a warm one may do and runs. It is waited for
    and removed from here, as the SDK's own `run(remove=True)` does.
    """
    with project.prepared() as prepared:
        asked = _line(prepared.engine, work)
        launch = prepared.build.launch
    session = open_session(project.options, project.folder)
    spec = container_spec(session, launch, labels={"leanopt.project": str(project.folder)})
    client = session.engine.client
    run = partial(_run, client, api_body(spec), asked)
    try:
        run()  # reads the image from the disk
        return paced(run, workers, seconds)
    finally:
        client.close()


def _run(client: Client, configuration: Mapping[str, Any], asked: bytes) -> None:
    from docker.utils.socket import frames_iter

    ident = client.create_container_from_config(configuration)["Id"]
    attached = client.attach_socket(ident, params=_STREAMS)
    client.start(ident)
    line = attached._sock  # noqa: SLF001 - the SDK's only way to close half of it
    line.sendall(asked)
    line.shutdown(socket.SHUT_WR)
    frames = frames_iter(attached, tty=False)
    said = b"".join(data for stream, data in frames if stream == _OUTPUT)
    attached.close()
    line.close()
    check(said)
    client.wait(ident)
    client.remove_container(ident)


def _line(engine: PythonEngine, work: Work) -> bytes:
    request = engine.request(work.backtest(0), frozenset(), Hello())
    return request_line("0", request.payload)


def processes(project: Project, workers: int, work: Work, seconds: float) -> float:
    """Return backtests a second of one process for each, so many at a time in one container."""
    with project.prepared() as prepared:
        launch = prepared.build.launch
        (project.folder / "request").write_bytes(_line(prepared.engine, work))
        inside = ("{python}", "{build}/inside.py", str(workers), str(seconds), "{build}/request")
        done = prepared.executor.run_command(Command((*inside, *launch.command), launch.mounts))
    if done.exit_code != 0:
        raise RuntimeError(f"the processes in a container have failed: {done.errors}")
    return float(done.output)
