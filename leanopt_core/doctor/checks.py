"""Which checks there are, in their order, and what each stands on."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, NoReturn

from leanopt_core.doctor import docker, leftovers, machine, workers
from leanopt_core.doctor.check import Check
from leanopt_core.doctor.leftovers import Pile
from leanopt_core.doctor.line import Line, ok, warning
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import LeanoptError

# A check before it knows what it looks at: its name, its function, what it stands on.
_Plan = tuple[str, Callable[[Subject], Iterable[Line]], tuple[str, ...]]

#: What finds the leftovers of each kind, and the check that it stands on.
PILES: Final = MappingProxyType(
    {
        "containers": (leftovers.containers, ("docker",)),
        "scratch": (leftovers.scratch, ()),
        "builds": (leftovers.builds, ()),
    }
)
_MACHINE: Final[Sequence[_Plan]] = (
    ("python", machine.python, ()),
    ("plugins", machine.plugins, ()),
    ("cores", machine.cores, ()),
    ("memory", machine.ram, ()),
    ("disk", machine.disk, ()),
)
_DOCKER: Final[Sequence[_Plan]] = (
    ("docker", docker.reach, ()),
    ("docker disk", docker.disk, ("docker",)),
)
_IMAGE: Final[Sequence[_Plan]] = (
    ("image", docker.image, ("docker",)),
    ("folders", docker.folders, ("image",)),
)
_PIPELINE: Final[Sequence[_Plan]] = (("pipeline", workers.pipeline, ()),)


def checks(subject: Subject) -> Sequence[Check]:
    """Return the checks of the machine, and of the pipeline where there is one."""
    tidy = [(name, _tidy(find), needs) for name, (find, needs) in PILES.items()]
    if subject.file is None:
        return _made((*_MACHINE, *_DOCKER, *tidy), subject)
    first = _made((*_MACHINE, *_PIPELINE, *_DOCKER, *tidy), subject)
    return [*first, *_pipeline(subject)]


def _pipeline(subject: Subject) -> Iterator[Check]:
    """Yield what a pipeline calls for; of one that cannot be read, what any does."""
    try:
        container, own = subject.docker_options is not None, _own(subject)
    except LeanoptError:
        container, own = False, ()
    ground, host = ("folders", "docker") if container else ("pipeline", "pipeline")
    yield from _made(_IMAGE if container else (), subject)
    before: Sequence[_Plan] = (
        ("interpreter", workers.interpreter, (ground,)),
        ("data", workers.data, ("pipeline",)),
    )
    yield from _made(before, subject)
    yield from own
    after: Sequence[_Plan] = (
        ("strategy", workers.strategy, ("interpreter", "data")),
        ("harness", workers.harness, ("strategy",)),
        ("workers", workers.cores, (host,)),
        ("worker memory", workers.memory, (host,)),
    )
    yield from _made(after, subject)


def _own(subject: Subject) -> Sequence[Check]:
    """Return the engine's own checks, or one that says why there are none."""
    pipeline = subject.pipeline
    try:
        return subject.strategy.checks(subject.run_command, subject.context)
    except LeanoptError as error:
        return (Check(f"engine {pipeline.engine.use}", partial(_raised, error)),)


def _raised(error: LeanoptError) -> NoReturn:
    raise error


def _made(plans: Iterable[_Plan], subject: Subject) -> list[Check]:
    """Return checks that look at `subject`."""
    return [Check(name, partial(look, subject), needs) for name, look, needs in plans]


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
