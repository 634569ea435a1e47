"""Why trials failed, and what constraints cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from leanopt_core.api import number
from leanopt_report._model import Section, Table, figure, whole
from leanopt_report._subject import Subject

_MOST: Final = 20
_LONGEST: Final = 300


def losses(subject: Subject) -> Section:
    """Return the section of failures and constraints."""
    failures = subject.store.document(subject.run, "failed", search=subject.search.number)
    missed = subject.store.document(subject.run, "constraints", search=subject.search.number)
    tables = (*_failures(failures["failures"]), *_constraints(missed))
    texts = () if tables else ("Nothing was lost: every trial completed and is feasible.",)
    if len(failures["failures"]) > _MOST:
        texts = (f"The first {_MOST} of {len(failures['failures'])} messages are shown.",)
    return Section("losses", "Failures and constraints", texts, tables)


def _failures(groups: list[dict[str, Any]]) -> Iterator[Table]:
    if groups:
        rows = tuple(
            (f"{one['trials']:,}", str(one["trial"]), one["category"], _short(one["message"]))
            for one in groups[:_MOST]
        )
        yield Table(("trials", "first trial", "category", "message"), rows, "Failed trials")


def _short(message: str) -> str:
    first = next(iter(message.splitlines()), "")
    return first if len(first) <= _LONGEST else f"{first[:_LONGEST]}..."


def _constraints(missed: Mapping[str, Any]) -> Iterator[Table]:
    if costs := missed["constraints"]:
        head: tuple[str, ...] = (
            "constraint",
            "trials",
            "only it",
            "missed by",
            "best of these",
            "trial",
        )
        yield Table(head, tuple(map(_cost, costs)), "Constraints that trials violate")
    if soft := missed["soft"]:
        names = ("soft constraint", "trials", "median penalty", "largest")
        yield Table(names, tuple(map(_soft, soft)), "Soft constraints")
    if reasons := missed["without_fitness"]:
        rows = tuple((f"{one['trials']:,}", str(one["trial"]), one["reason"]) for one in reasons)
        yield Table(("trials", "first trial", "reason"), rows[:_MOST], "Trials without a fitness")


def _cost(one: Mapping[str, Any]) -> tuple[str | None, ...]:
    return (
        *(one["constraint"], f"{one['trials']:,}", f"{one['alone']:,}"),
        *(number(one["size"]), figure(one["fitness"]), whole(one["trial"])),
    )


def _soft(one: Mapping[str, Any]) -> tuple[str, ...]:
    amounts = number(one["penalty"]), number(one["largest"])
    return (one["constraint"], f"{one['trials']:,}", *amounts)
