"""Options and steps shared by several commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from leanopt_core.errors import UsageError
from leanopt_core.project_files import STORE

if TYPE_CHECKING:
    from leanopt_core.cli.screen import ProgressScreen
    from leanopt_core.pipeline import Pipeline
    from leanopt_core.plugins import Registry
    from leanopt_core.python import OpenStore
    from leanopt_core.search.calls import Calls
    from leanopt_core.store.store import Store


_MEANT = "give a project folder or a pipeline"


class WholeNumber(click.IntRange):
    """An integer in a range, called a whole number in messages."""

    name = "whole number"


Command = TypeVar("Command", bound=Callable[..., Any])


#: The pipeline of a command that is given none.
PIPELINE = Path("pipeline.toml")


def search_option(command: Command) -> Command:
    """Add the option that names a search of a run with several."""
    option = click.option(
        "--search",
        metavar="SEARCH",
        help="Search that holds the trial, by number or name, such as a symbol (default: 1).",
    )
    return option(command)


def pipeline_options(command: Command) -> Command:
    """Add the argument PIPELINE, here by default, and the options that override its keys."""
    argument = click.argument(
        "pipeline", type=click.Path(path_type=Path), required=False, default=PIPELINE
    )
    return argument(override_options(command))


def override_options(command: Command) -> Command:
    """Add the options that override keys of a pipeline."""
    for decorate in reversed(
        (
            click.option(
                "--set",
                "sets",
                multiple=True,
                metavar="KEY=VALUE",
                help="Override a key, for example executor.workers=8; repeatable.",
            ),
            click.option(
                "--workers", type=WholeNumber(min=1), metavar="N", help="Number of workers."
            ),
            click.option("--symbol", metavar="A[,B]", help="Symbol of the scenario, or several."),
            click.option(
                "--seed", type=WholeNumber(min=0), metavar="N", help="Random seed of the run."
            ),
        )
    ):
        command = decorate(command)
    return command


def load(
    pipeline: Path,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    calls: Calls,
    *,
    searched: bool = True,
    universe: Path | None = None,
) -> tuple[Pipeline, Registry]:
    """Read a pipeline with its overrides; print problems with plugins as warnings.

    `calls` notes the calls into plugins, `searched` and `universe` are those of `load_pipeline`.
    """
    from leanopt_core.cli.session import warn
    from leanopt_core.pipeline import load_pipeline
    from leanopt_core.plugins import discover

    registry = discover(noted=calls.noted)
    for problem in registry.problems:
        warn(str(problem))
    loaded = load_pipeline(
        *(pipeline, registry),
        sets=sets,
        workers=workers,
        symbol=symbol,
        seed=seed,
        searched=searched,
        universe=universe,
    )
    return loaded, registry


def project_option(command: Command) -> Command:
    """Add the option that chooses the project whose store is read."""
    return click.option(
        "--project",
        "-C",
        type=click.Path(path_type=Path),
        default=Path(),
        help="Project folder or pipeline (default: current folder).",
    )(command)


def run_names(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - click's interface
    incomplete: str,
) -> list[str]:
    """Return the names of the project's runs that begin so, for shells; none in case of errors."""
    from leanopt_core.errors import LeanoptError

    try:
        with open_project(ctx.params.get("project") or Path()) as store:
            return [run.name for run in store.runs.summaries() if run.name.startswith(incomplete)]
    except LeanoptError:
        return []


def open_project(project: Path, *, write: bool = False) -> Store:
    """Open the store of a project; raises UsageError if there is no project or no store.

    Without `write`, a store that cannot be written is opened to be read.
    """
    from leanopt_core.cli.session import warn
    from leanopt_core.store.store import open_store, open_to_look

    path = project_store(project)
    return open_store(path, create=False, tell=warn) if write else open_to_look(path, warn)


def open_results(project: Path) -> OpenStore:
    """Open the store of a project for a command of a plugin; raises as `open_project` does."""
    from leanopt_core.python import OpenStore

    return OpenStore(open_project(project))


def project_store(project: Path) -> Path:
    """Return the file of a project's store; raises UsageError if there is none."""
    if not project.exists():
        raise UsageError(f"--project {project} does not exist; {_MEANT}")
    if not project.is_dir() and not _is_pipeline(project):
        raise UsageError(f"--project {project} is neither a folder nor a pipeline; {_MEANT}")
    folder = project if project.is_dir() else project.parent
    path = folder / STORE
    if not path.is_file():
        raise UsageError(
            f"there are no runs in {folder.resolve()} (no {STORE}); "
            "choose a project folder with --project"
        )
    return path


def _is_pipeline(file: Path) -> bool:
    """Return whether a file is a pipeline, by its suffix or else by its content."""
    from leanopt_core.errors import PipelineError
    from leanopt_core.pipeline.toml import read_document

    if file.suffix == ".toml":
        return True
    try:
        return bool(read_document(file))
    except PipelineError:
        return False


def chosen_screen() -> ProgressScreen:
    """Return the live screen if standard error is a terminal, else the plain one."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        from leanopt_core.cli.live import LiveScreen

        return LiveScreen()
    from leanopt_core.cli.screen import PlainScreen

    return PlainScreen()


def write_new(path: Path, text: str, *, force: bool = False) -> None:
    """Write a file; raises UsageError if it cannot be written, or exists and `force` is false."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} already exists; choose another with --output") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
