"""Removes leftovers, after asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from leanopt_core.doctor import docker
from leanopt_core.doctor.check import Check, examine
from leanopt_core.doctor.checks import PILES
from leanopt_core.doctor.leftovers import Pile
from leanopt_core.doctor.line import Line, Status, ok, warning
from leanopt_core.doctor.subject import Subject


def clean(subject: Subject, agreed: Callable[[Sequence[str]], bool]) -> Iterator[Line]:
    """Yield what became of each kind of leftovers; nothing is removed where not `agreed`.

    That is asked once, with all that would go, where there is something.
    """
    piles: dict[str, Pile] = {}
    reach = Check("docker", partial(docker.reach, subject))
    found = list(examine((reach, *_gathering(piles, subject))))
    yield from (line for line in found if line.status is not Status.OK)
    items = [f"{name}: {item}" for name, pile in piles.items() for item in pile.items]
    go = bool(items) and agreed(items)
    for name, pile in piles.items():
        yield from (line.of(name) for line in _cleaned(pile, go=go))


def _gathering(piles: dict[str, Pile], subject: Subject) -> Iterator[Check]:
    """Yield checks that put what they find into `piles`."""

    def gather(name: str, find: Callable[[Subject], Pile]) -> tuple[Line, ...]:
        piles[name] = find(subject)
        return ()

    for name, (find, needs) in PILES.items():
        yield Check(name, partial(gather, name, find), needs)


def _cleaned(pile: Pile, *, go: bool) -> Iterator[Line]:
    if not pile.items:
        yield ok("none left over")
    elif not go:
        yield warning(f"left as they are: {', '.join(pile.items)}")
    elif staying := pile.remove():
        yield from staying
    else:
        yield ok(f"removed: {', '.join(pile.items)}")
