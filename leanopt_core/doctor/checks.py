"""Which checks there are, in their order, and what each stands on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

from leanopt_core.doctor import docker, lean, leftovers, machine, workers
from leanopt_core.doctor.check import Check
from leanopt_core.doctor.leftovers import Pile
from leanopt_core.doctor.line import Line, ok, warning
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import LeanoptError

#: What finds the leftovers of each kind, and the check that it stands on.
PILES: Final = MappingProxyType(
    {
        "containers": (leftovers.containers, ("docker",)),
        "scratch": (leftovers.scratch, ()),
        "builds": (leftovers.builds, ()),
    }
)
_MACHINE: Final = (
    Check("python", machine.python),
    Check("plugins", machine.plugins),
    Check("cores", machine.cores),
    Check("memory", machine.ram),
    Check("disk", machine.disk),
)
_DOCKER: Final = (
    Check("docker", docker.reach),
    Check("docker disk", docker.disk, ("docker",)),
)
_IMAGE: Final = (
    Check("image", docker.image, ("docker",)),
    Check("folders", docker.folders, ("image",)),
)
_LEAN: Final = (
    Check("launcher", lean.launcher, ("interpreter",)),
    Check("dotnet", lean.dotnet, ("interpreter",)),
    Check("reference data", lean.reference, ("data",)),
    Check("prices", lean.prices, ("data",)),
)


def checks(subject: Subject) -> Sequence[Check]:
    """Return the checks of the machine, and of the pipeline where there is one."""
    tidy = [Check(name, _tidy(find), needs) for name, (find, needs) in PILES.items()]
    if subject.file is None:
        return (*_MACHINE, *_DOCKER, *tidy)
    return (*_MACHINE, Check("pipeline", workers.pipeline), *_DOCKER, *tidy, *_pipeline(subject))


def _pipeline(subject: Subject) -> Iterator[Check]:
    """Yield what a pipeline calls for; of one that cannot be read, what any does."""
    try:
        container, lean_too = subject.docker_options is not None, subject.lean_options is not None
    except LeanoptError:
        container, lean_too = False, False
    ground, host = ("folders", "docker") if container else ("pipeline", "pipeline")
    yield from _IMAGE if container else ()
    yield Check("interpreter", workers.interpreter, (ground,))
    yield Check("data", workers.data, ("pipeline",))
    yield from _LEAN if lean_too else ()
    yield Check("strategy", workers.strategy, ("interpreter", "data"))
    yield Check("harness", workers.harness, ("strategy",))
    yield Check("workers", workers.cores, (host,))
    yield Check("worker memory", workers.memory, (host,))


def _tidy(find: Callable[[Subject], Pile]) -> Callable[[Subject], Iterator[Line]]:
    """Return the check that says what there is of a kind of leftovers."""

    def look(subject: Subject) -> Iterator[Line]:
        pile = find(subject)
        where = "" if subject.file is None else f" {shlex.quote(str(subject.file))}"
        if pile.items:
            what = f"left by dead leanopts: {', '.join(pile.items)}"
            yield warning(what, f"leanopt doctor{where} --clean")
        else:
            yield ok("none left over")

    return look
