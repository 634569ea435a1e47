"""Tells what a strategy needs and will not have where workers run, with the place in its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from attrs import frozen

from leanopt_core.engines.base import PrepareContext, RunCommand
from leanopt_lean.checks import told
from leanopt_lean.findings import Findings, note
from leanopt_lean.harness import abilities_of
from leanopt_lean.options import LeanStrategy
from leanopt_lean.source import Import, Need, Source

#: What LEAN brings along, and cannot start a strategy in Python without.
_LEANS_OWN: Final = ("AlgorithmImports", "QuantConnect", "System", "clr", "numpy", "pandas")
# How long looking around where workers run may take, in seconds.
_LOOKING: Final = 60.0


@frozen
class Around:
    """What there is where workers run: a network, and packages; None where that is not known.

    `python` is the program whose packages LEAN sees, `lacking` are those that it does not have.
    """

    network: bool | None = None
    python: str | None = None
    lacking: frozenset[str] = frozenset()


def check_absent(
    source: Source, options: LeanStrategy, context: PrepareContext, run_command: RunCommand
) -> Findings:
    """Return a note for each need that is not met."""
    imports = [one for one in source.imports if one.name not in _LEANS_OWN]
    around = Around()
    if imports or any(one.kind == "remote" for one in source.needs):
        around = _look(run_command, options, imports)
    return Findings.of(
        note(text)
        for text in (
            *_remote(source.needs, around),
            *(_stored(source.needs) if options.object_store is None else ()),
            *_today(source.needs, options, context),
            *_yesterday(source, context),
            *(_lacking(one, around) for one in imports if one.name in around.lacking),
        )
    )


def _look(run_command: RunCommand, options: LeanStrategy, imports: list[Import]) -> Around:
    """Look around where workers run; what cannot be seen is not known."""
    names = [one.name for one in imports]
    program = files(__package__).joinpath("around.py").read_text("utf-8")
    command = ("{python}", "-I", "-S", "-c", program, options.launcher)
    done = run_command((*command, options.python_venv or "", *names), time_limit=_LOOKING)
    try:
        said = json.loads(done.output)
        return Around(said["network"], said["python"], frozenset(said["lacking"]))
    except (ValueError, TypeError, LookupError):
        return Around()


def _remote(needs: tuple[Need, ...], around: Around) -> Iterator[str]:
    if around.network is False:
        for one in needs:
            if one.kind == "remote":
                yield (
                    f"{one.location}: {one.what} needs another machine, and there is no network "
                    "where workers run: backtests that come to it fail; put what it fetches below "
                    "strategy.data, or beside the source"
                )


def _stored(needs: tuple[Need, ...]) -> Iterator[str]:
    for one in needs:
        if one.kind == "store":
            yield (
                f"{one.location}: {one.what}: LEAN's object store is empty when a backtest begins; "
                'object_store = "FOLDER" in [strategy] fills it with a copy of a folder'
            )


def _today(
    needs: tuple[Need, ...], options: LeanStrategy, context: PrepareContext
) -> Iterator[str]:
    known = told(abilities_of(options))
    for one in needs:
        key = one.kind
        if key not in ("start", "end"):
            continue
        if key not in known or any(getattr(at, key) is None for at in context.scenarios):
            yield (
                f"{one.location}: {one.what} takes the day from the clock: tomorrow the same "
                f"backtest has another {key}; write the day, or let `{key}` in [scenario] set it"
                " (warm LEAN)"
            )


def _yesterday(source: Source, context: PrepareContext) -> Iterator[str]:
    """Tell that LEAN chooses the end where neither the source nor a scenario does."""
    if any(one.key == "end" for one in source.settings):
        return
    if any(one.end is None for one in context.scenarios):
        yield (
            f"{source.algorithm} sets no end date, and [scenario] has no `end`: LEAN ends "
            "yesterday, so tomorrow the same backtest has another end; write the day in either"
        )


def _lacking(one: Import, around: Around) -> str:
    return (
        f"{one.location}: imports '{one.name}', which is neither in the project nor in the Python "
        f"where workers run ({around.python}): name an image that has it by executor.image, or a "
        "virtual environment by strategy.python_venv"
    )
