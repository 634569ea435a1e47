"""Finds a strategy's entry and imports it, once."""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH100, PTH119

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from leanopt_harness.faults import explain
from leanopt_harness.identity import Identity, identify
from leanopt_harness.marking import is_backtest
from leanopt_harness.nearest import nearest
from leanopt_harness.parameters import Parameters
from leanopt_harness.project import Project
from leanopt_harness.scenario import Scenario
from leanopt_harness.sources import Sources


@dataclass(frozen=True)
class ImportedStrategy:
    """An imported strategy: the function to call, or the `fault` why there is none."""

    project: Project
    identity: Identity
    run: Callable[[Parameters, Scenario], object] | None
    fault: str | None


class _EntryError(Exception):
    """The entry is missing, or is not a backtest; the message is complete."""


def load(project: Project, snapshot: str | None = None) -> ImportedStrategy:
    """Import the strategy, with its project folder first on `sys.path`.

    With a `snapshot`, a folder with copies of its sources, these are what runs. Any exception of
    the import becomes the strategy's `fault`, even SystemExit and KeyboardInterrupt.
    """
    sources = Sources(project, snapshot)
    sources.install()
    known = frozenset(sys.modules)
    run, fault = None, None
    try:
        run = _entry(project, sources)
    except _EntryError as error:
        fault = str(error)
    except BaseException as error:  # noqa: BLE001 - a strategy may raise anything
        fault = explain(error, project)
    identity = identify(project, sources, known)
    sources.seal()
    return ImportedStrategy(project, identity, run, fault)


def _entry(project: Project, sources: Sources) -> Callable[[Parameters, Scenario], object]:
    if not sources.exists(project.file):
        raise _EntryError(f"there is no strategy file {project.file}")
    name, file = project.function, os.path.basename(project.file)
    module = _import(project, file)
    found = getattr(module, name, None)
    if found is None:
        marked = [key for key, value in vars(module).items() if is_backtest(value)]
        close = nearest(name, marked) or ", ".join(sorted(marked))
        hint = f"; it has @backtest {close}" if close else ", nor anything marked with @backtest"
        raise _EntryError(f'{file} has no function "{name}"{hint}')
    if not is_backtest(found):
        raise _EntryError(f"{name} in {file} is not marked with @backtest from leanopt_harness")
    run: Callable[[Parameters, Scenario], object] = found
    return run


def _import(project: Project, file: str) -> object:
    if "." in file[: -len(".py")]:
        raise _EntryError(f"{file} cannot be imported: a module's name has no dots; rename it")
    module = importlib.import_module(project.module)
    origin = getattr(module, "__file__", None)
    if origin is None or os.path.abspath(origin) != project.file:
        raise _EntryError(
            f"{file} has the name of a module that is in use ({origin or 'built in'}); rename it"
        )
    return module
