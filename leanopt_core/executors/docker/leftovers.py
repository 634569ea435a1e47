"""Containers whose leanopt is gone: found by their labels, and removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from attrs import frozen

from leanopt_core.executors.docker.engine import Client
from leanopt_core.executors.docker.labels import PROJECT, orphaned, read, this_process
from leanopt_core.executors.docker.trouble import absent, foreign, said, told

_AT_ONCE = 8


@frozen
class Leftover:
    """A container that nobody looks after any more.

    `project` is the folder whose run it was a part of, `owner` the number that the process had.
    """

    ident: str
    name: str
    project: str
    owner: str
    running: bool


def leftovers(client: Client) -> list[Leftover]:
    """Return the containers whose owner, a process of this machine, is dead; by name.

    Raises ExecutorError where the engine does not list them.
    """
    me = this_process()
    with told("leftover containers cannot be listed"):
        found = client.containers(all=True, filters={"label": PROJECT})
    return sorted(
        (
            _leftover(one)
            for one in found
            if orphaned(read(one["Labels"]), me, running=_running(one["State"]))
        ),
        key=lambda leftover: leftover.name,
    )


def clean(client: Client, found: Iterable[Leftover]) -> Sequence[str]:
    """Remove containers, running or not; return a complaint for each that is still there."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return [text for text in threads.map(partial(_remove, client), found) if text]


def _leftover(listed: dict[str, object]) -> Leftover:
    names, labels = listed.get("Names"), listed["Labels"]
    name = str(names[0]).lstrip("/") if isinstance(names, list) and names else ""
    project = str(labels[PROJECT]) if isinstance(labels, dict) else ""
    owner = read(labels).pid if isinstance(labels, dict) else ""
    running = _running(str(listed["State"]))
    return Leftover(str(listed["Id"]), name, project, owner, running)


def _running(state: str) -> bool:
    return state in ("running", "paused", "restarting")


def _remove(client: Client, leftover: Leftover) -> str:
    try:
        client.remove_container(leftover.ident, v=True, force=True)
    except Exception as error:
        if not foreign(error):
            raise
        return "" if absent(error) else f"{leftover.name or leftover.ident}: {said(error)}"
    return ""
