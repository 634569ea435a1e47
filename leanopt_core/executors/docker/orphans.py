"""Find the owner of a container by its labels, and orphans, the containers of dead leanopts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from attrs import asdict, fields, frozen

from leanopt_core.executors.docker.engine import (
    Client,
    engine_errors,
    from_sdk,
    is_not_found,
    message_of,
)
from leanopt_core.owners import Owner, is_dead, this_process

#: Every container of leanopt has this label: the folder of its project.
PROJECT = "leanopt.project"
RUN = "leanopt.run"
WORKER = "leanopt.worker"
_NUMBER = "leanopt.number"
_OWNER = "leanopt.owner."
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
# How many orphans are removed at a time.
_THREADS = 8


@frozen
class Orphan:
    """A container whose owner is dead.

    `project` is the folder whose run it was a part of.
    """

    ident: str
    name: str
    project: str


def labels(owner: Owner, project: Path, run: str, *, worker: str, number: int) -> dict[str, str]:
    """Return a container's labels; no other container of the run has its worker and number."""
    owned = {f"{_OWNER}{name}": text for name, text in asdict(owner).items()}
    whose = {PROJECT: str(project.absolute()), RUN: run, WORKER: worker, _NUMBER: str(number)}
    return {**whose, **owned}


def container_name(labelled: Mapping[str, str]) -> str:
    """Return the name of the container that has these labels.

    An image made from a container, and all that runs from it, inherits its labels, but not its
    name. So only a container with both is leanopt's.
    """
    project = _NOT_IN_NAMES.sub("-", Path(labelled.get(PROJECT, "")).name)
    run, worker, number = (labelled.get(key, "") for key in (RUN, WORKER, _NUMBER))
    return f"leanopt-{project}-{worker}-{run}-{number}"


def read_owner(labelled: Mapping[str, str]) -> Owner:
    """Return the owner that a container's labels name; what they lack is empty."""
    return Owner(*(labelled.get(f"{_OWNER}{one.name}", "") for one in fields(Owner)))


def is_orphaned(owner: Owner, judge: Owner, *, running: bool) -> bool:
    """Return whether a container's owner is certainly dead, as the process `judge` sees it.

    A container of an earlier boot cannot run: one that runs belongs to a machine that has this
    one's name.
    """
    return is_dead(owner, judge) and not (running and owner.boot != judge.boot)


def find_orphans(client: Client) -> list[Orphan]:
    """Return the containers whose owner, a process of this machine, is dead; by name.

    Raises ExecutorError where the engine does not list them.
    """
    me = this_process()
    with engine_errors("orphaned containers cannot be listed"):
        listed = client.containers(all=True, filters={"label": PROJECT})
    found = [
        Orphan(one["Id"], _name(one), one["Labels"][PROJECT])
        for one in listed
        if _name(one) == container_name(one["Labels"])
        and is_orphaned(read_owner(one["Labels"]), me, running=_running(one))
    ]
    return sorted(found, key=lambda orphan: orphan.name)


def remove_orphans(client: Client, orphans: Iterable[Orphan]) -> Sequence[str]:
    """Remove containers, running or not; return an error message for each that remains."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return [text for text in threads.map(partial(_remove, client), orphans) if text]


def _remove(client: Client, orphan: Orphan) -> str:
    try:
        client.remove_container(orphan.ident, v=True, force=True)
    except Exception as error:
        if not from_sdk(error):
            raise
        return "" if is_not_found(error) else f"{orphan.name or orphan.ident}: {message_of(error)}"
    return ""


def _name(listed: Mapping[str, Any]) -> str:
    names = listed.get("Names") or [""]  # a container that is being removed has no name
    return str(names[0]).lstrip("/")


def _running(listed: Mapping[str, Any]) -> bool:
    return listed["State"] in ("running", "paused", "restarting")
