"""Builds a project once: a snapshot of its sources, compiled if it is C#, cached by content.

A search runs on the snapshot: edits made meanwhile take effect in the next search.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from attrs import frozen

from leanopt_core.api import UNFINISHED_BUILD, Report, RunCommand, StrategyError, build_turn, silent
from leanopt_lean import build_cache as cache
from leanopt_lean.build_cache import Built, Recipe, Record
from leanopt_lean.compiler import compile_project, project_file
from leanopt_lean.msbuild import Options
from leanopt_lean.snapshot import copy_files, files_of, hash_files

__all__ = ["Built", "Options", "Recipe", "build"]


def build(
    project: Path,
    *,
    run_command: RunCommand,
    builds: Path,
    recipe: Recipe,
    apart: Collection[Path] = (),
    skip: bool = False,
    doing: str = "",
    report: Report = silent,
) -> Built:
    """Return the build of `project` from the folder `builds`; build it if it is not there yet.

    `apart` are paths in the project that do not belong to it, as a data folder. With `skip`, return
    the build of this project that was used last, even if the sources have changed. `report` is
    called with `doing` when a compilation begins.

    Raises StrategyError with the compiler's errors, or with the files that a project cannot hold.
    """
    if not project.is_dir():
        raise StrategyError(f"strategy.project: {project} is not a folder")
    files = files_of(project, apart)
    source = hash_files(files)
    if skip:
        return cache.last(builds, project, recipe, source)
    compiled = project_file(project)
    if known := cache.load(builds, recipe, source):
        return known
    doing = doing or f"building {project.name}"
    job = _Job(project, compiled, run_command, builds, recipe, partial(report, f"{doing} ..."))
    with build_turn(builds, report):
        # Beside the builds, on one file system, so that it can be published by a rename.
        work = Path(mkdtemp(prefix=UNFINISHED_BUILD, dir=builds))
        try:
            copy_files(files, work / "source")
            return job.make(work)
        finally:
            shutil.rmtree(work, ignore_errors=True)


@frozen
class _Job:
    """One build; `compiled` is the .csproj, None for Python. `begun` reports the compilation."""

    project: Path
    compiled: str | None
    run_command: RunCommand
    builds: Path
    recipe: Recipe
    begun: Callable[[], None]

    def make(self, work: Path) -> Built:
        """Build the copy in `work`; hash it again, since sources may have changed meanwhile."""
        source = hash_files(files_of(work / "source"))
        # Another process may have built it while this one waited for its turn.
        if known := cache.load(self.builds, self.recipe, source):
            return known
        assembly, log = None, ""
        if self.compiled is not None:
            self.begun()
            assembly, log = self._compile(work, self.compiled)
        content = hash_files(files_of(work / ("bin" if assembly else "source")))
        record = Record(str(self.project.resolve()), source, assembly, content, log)
        return cache.publish(work, self.builds, self.recipe, record)

    def _compile(self, work: Path, compiled: str) -> tuple[str, str]:
        output = work / "output"
        output.mkdir()
        done = compile_project(
            work / "source",
            output,
            compiled,
            run_command=self.run_command,
            options=self.recipe.options,
        )
        (output / "bin").rename(work / "bin")
        shutil.rmtree(output)
        return done
