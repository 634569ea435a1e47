"""Containers whose leanopt is gone: found by their labels, and removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from attrs import frozen

from leanopt_core.executors.docker import labels
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
    ours = [one for one in found if _name(one) == labels.name(one["Labels"])]
    dead = [one for one in ours if orphaned(read(one["Labels"]), me, running=_running(one))]
    return sorted(map(_leftover, dead), key=lambda leftover: leftover.name)


def clean(client: Client, found: Iterable[Leftover]) -> Sequence[str]:
    """Remove containers, running or not; return a complaint for each that is still there."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return [text for text in threads.map(partial(_remove, client), found) if text]


def _leftover(listed: Mapping[str, Any]) -> Leftover:
    labelled = listed["Labels"]
    return Leftover(
        listed["Id"], _name(listed), labelled[PROJECT], read(labelled).pid, _running(listed)
    )


def _name(listed: Mapping[str, Any]) -> str:
    names = listed.get("Names") or [""]  # one that is being removed has none
    return str(names[0]).lstrip("/")


def _running(listed: Mapping[str, Any]) -> bool:
    return listed["State"] in ("running", "paused", "restarting")


def _remove(client: Client, leftover: Leftover) -> str:
    try:
        client.remove_container(leftover.ident, v=True, force=True)
    except Exception as error:
        if not foreign(error):
            raise
        return "" if absent(error) else f"{leftover.name or leftover.ident}: {said(error)}"
    return ""
