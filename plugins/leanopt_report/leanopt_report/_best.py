"""The best trials of a search, and what they warn of."""

from __future__ import annotations

from leanopt_core.api import counted
from leanopt_report._model import Section, Table
from leanopt_report._subject import Subject

_TOP = 10


def best(subject: Subject) -> Section:
    """Return the section of the best trials."""
    found = subject.store.best_table(subject.run, _TOP, search=subject.search.number)
    texts = [_counts(subject)]
    if found is None:
        texts.append("There is no best trial: no trial has finished.")
        return Section("best", "Best trials", tuple(texts))
    if found.fixed:
        texts.append("Fixed: " + ", ".join(f"{k} = {v}" for k, v in found.fixed.items()) + ".")
    if found.equal:
        texts.append(
            "Trials with equal results share a row; they differ in "
            f"{', '.join(found.equal)}, which decided nothing there."
        )
    if subject.chosen is not None:
        texts.append(f"Details of a trial: {subject.command(subject.chosen)}")
    return Section("best", "Best trials", tuple(texts), (Table(found.head, found.rows),))


def _counts(subject: Subject) -> str:
    kinds = [0] * 5
    for kind in subject.trials.kind:
        kinds[kind] += 1
    told = len(subject.trials.kind)
    names = ("feasible", "infeasible", "pruned", "without a fitness", "failed")
    parts = [f"{count:,} {name}" for count, name in zip(kinds, names, strict=True) if count]
    return f"{counted(told, 'trial')}{': ' if parts else ''}{', '.join(parts)}."
