"""List the checks in order, and the checks that each requires."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NoReturn, TypeAlias

from leanopt_core.check import Check, Finding
from leanopt_core.doctor import docker, machine, orphans, stored, workers
from leanopt_core.doctor.subject import Subject
from leanopt_core.errors import LeanoptError

# A check before it has a subject: its name, its function, the checks it requires.
_Plan: TypeAlias = tuple[str, Callable[[Subject], Iterable[Finding]], tuple[str, ...]]

_MACHINE: Final[Sequence[_Plan]] = (
    ("python", machine.python, ()),
    ("plugins", machine.plugins, ()),
    ("cores", machine.cores, ()),
    ("memory", machine.ram, ()),
    ("disk", machine.disk, ()),
    ("store", stored.damage, ()),
)
_PIPELINE: Final[Sequence[_Plan]] = (("pipeline", workers.pipeline, ()),)
_DOCKER: Final[Sequence[_Plan]] = (
    ("docker", docker.answers, ()),
    ("docker disk", docker.disk, ("docker",)),
)
_ORPHANS: Final[Sequence[_Plan]] = tuple(
    (kind, partial(orphans.report, find), needs) for kind, (find, needs) in orphans.KINDS.items()
)
_IMAGE: Final[Sequence[_Plan]] = (
    ("image", docker.image, ("docker",)),
    ("folders", docker.folders, ("image",)),
)


def checks(subject: Subject) -> Sequence[Check]:
    """Return the checks of the machine, and of the pipeline if the subject has one."""
    if subject.file is None:
        return _made((*_MACHINE, *_DOCKER, *_ORPHANS), subject)
    first = _made((*_MACHINE, *_PIPELINE, *_DOCKER, *_ORPHANS), subject)
    return [*first, *_pipeline(subject)]


def _pipeline(subject: Subject) -> Iterator[Check]:
    """Yield the checks of a pipeline; of one that cannot be read, those of every pipeline."""
    try:
        container, own = subject.docker_options is not None, _engine_checks(subject)
        there = _executor_checks(subject)
    except LeanoptError:
        container, own, there = False, (), ()
    # Workers in containers need the engine and its folders; others only a pipeline.
    started, host = ("folders", "docker") if container else ("pipeline", "pipeline")
    yield from _made(_IMAGE if container else (), subject)
    before: Sequence[_Plan] = (
        ("interpreter", workers.interpreter, (started, *(check.name for check in there))),
        ("data", workers.data, ("pipeline",)),
    )
    yield from there
    yield from _made(before, subject)
    yield from own
    after: Sequence[_Plan] = (
        ("strategy", workers.strategy, ("interpreter", "data")),
        ("harness", workers.harness, ("strategy",)),
        ("workers", workers.cores, (host,)),
        ("worker memory", workers.memory, (host,)),
    )
    yield from _made(after, subject)


def _engine_checks(subject: Subject) -> Sequence[Check]:
    """Return the engine's own checks, or one that says why there are none."""
    pipeline = subject.pipeline
    try:
        return subject.strategy.checks(subject.run_command, subject.context)
    except LeanoptError as error:
        return (Check(f"engine {pipeline.engine.use}", partial(_raise, error)),)


def _executor_checks(subject: Subject) -> Sequence[Check]:
    """Return the executor's own checks, or one that says why there are none."""
    pipeline = subject.pipeline
    try:
        return subject.executor.checks()
    except LeanoptError as error:
        return (Check(f"executor {pipeline.executor.choice.use}", partial(_raise, error)),)


def _raise(error: LeanoptError) -> NoReturn:
    raise error


def _made(plans: Iterable[_Plan], subject: Subject) -> list[Check]:
    """Return checks that look at `subject`."""
    return [Check(name, partial(look, subject), needs) for name, look, needs in plans]
