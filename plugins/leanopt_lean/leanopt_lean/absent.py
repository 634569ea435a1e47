"""Notes on what a strategy needs and workers lack, each with its location in the source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from attrs import frozen

from leanopt_core.api import Command, PrepareContext, RunCommand
from leanopt_lean.checks import fields_set
from leanopt_lean.findings import Findings, note
from leanopt_lean.harness import abilities_of
from leanopt_lean.options import LeanStrategy
from leanopt_lean.source import Import, Need, StrategySource

#: Packages that LEAN itself provides to strategies in Python.
_LEANS_OWN: Final = ("AlgorithmImports", "QuantConnect", "System", "clr", "numpy", "pandas")
# Time limit of the probe, in seconds.
_LOOKING: Final = 60.0


@frozen
class WorkerEnvironment:
    """What workers have: a network (None: unknown) and Python packages.

    `python` is the interpreter whose packages LEAN imports (None: unknown), `lacking` are the
    imported packages that it does not have.
    """

    network: bool | None = None
    python: str | None = None
    lacking: frozenset[str] = frozenset()


def check_absent(
    source: StrategySource, options: LeanStrategy, context: PrepareContext, run_command: RunCommand
) -> Findings:
    """Return a note for each need that is not met."""
    imports = [one for one in source.imports if one.name not in _LEANS_OWN]
    around = WorkerEnvironment()
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


def _look(
    run_command: RunCommand, options: LeanStrategy, imports: list[Import]
) -> WorkerEnvironment:
    """Run the probe where workers run; what it cannot see stays unknown."""
    names = [one.name for one in imports]
    program = files(__package__).joinpath("probe_packages.py").read_text("utf-8")
    python = ("{python}", "-I", "-S", "-c", program)
    argv = (*python, options.launcher, options.python_venv or "", *names)
    done = run_command(Command(argv, time_limit=_LOOKING))
    try:
        said = json.loads(done.output)
        return WorkerEnvironment(said["network"], said["python"], frozenset(said["lacking"]))
    except (ValueError, TypeError, LookupError):
        return WorkerEnvironment()


def _remote(needs: tuple[Need, ...], around: WorkerEnvironment) -> Iterator[str]:
    if around.network is False:
        for one in needs:
            if one.kind == "remote":
                yield (
                    f"{one.location}: {one.what} needs a network, and workers have none: backtests "
                    "that call it fail; put the data in the folder strategy.data or in the project"
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
    known = fields_set(abilities_of(options))
    for one in needs:
        key = one.kind
        if key not in ("start", "end"):
            continue
        if key not in known or any(getattr(at, key) is None for at in context.scenarios):
            yield (
                f"{one.location}: {one.what} takes the date from the clock, so tomorrow the same "
                f"backtest has another {key}; write a fixed date, or set `{key}` in [scenario] "
                "(warm harness only)"
            )


def _yesterday(source: StrategySource, context: PrepareContext) -> Iterator[str]:
    """Warn that LEAN chooses the end date when neither the source nor a scenario sets it."""
    if any(one.key == "end" for one in source.settings):
        return
    if any(one.end is None for one in context.scenarios):
        yield (
            f"{source.algorithm} sets no end date, and [scenario] has no `end`: LEAN then ends "
            "yesterday, so tomorrow the same backtest has another end; set the date in either"
        )


def _lacking(one: Import, around: WorkerEnvironment) -> str:
    return (
        f"{one.location}: imports '{one.name}', which is neither in the project nor in the "
        f"workers' Python ({around.python}); set executor.image to an image that has it, or "
        "strategy.python_venv to a virtual environment"
    )
