"""Builds a project once: a frozen copy of its sources, compiled where it is C#, kept by content.

A search runs on the frozen copy: edits in the meantime are for the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from tempfile import mkdtemp

from leanopt_core.engines.base import Once
from leanopt_core.engines.lean import build_cache as cache
from leanopt_core.engines.lean.build_cache import Built, Recipe, Record
from leanopt_core.engines.lean.compiler import compile_project, project_file
from leanopt_core.engines.lean.msbuild import Options
from leanopt_core.engines.lean.snapshot import copy_files, files_of, hash_files
from leanopt_core.errors import StrategyError

__all__ = ["Built", "Options", "Recipe", "build"]


def build(
    project: Path,
    *,
    once: Once,
    builds: Path,
    recipe: Recipe,
    apart: Collection[Path] = (),
    skip: bool = False,
) -> Built:
    """Return the build of `project` from the folder `builds`, made now where there is none yet.

    `apart` are paths in the project that are no part of it, as a data folder. With `skip` it is
    the build that was last used of this project, whatever the sources are now.

    Raises StrategyError: with the compiler's errors, or what cannot be a part of a project.
    """
    if not project.is_dir():
        raise StrategyError(f"strategy.project: {project} is no folder")
    files = files_of(project, apart)
    source = hash_files(files)
    if skip:
        return cache.last(builds, project, recipe, source)
    compiled = project_file(project)
    if known := cache.load(builds, recipe, source):
        return known
    with cache.turn(builds):
        work = Path(mkdtemp(prefix=cache.UNFINISHED, dir=builds))
        try:
            copy_files(files, work / "source")
            return _make(work, project, compiled, once, builds, recipe)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _make(
    work: Path, project: Path, compiled: str | None, once: Once, builds: Path, recipe: Recipe
) -> Built:
    """Build the copy in `work`: what was copied is what counts, not what was hashed before."""
    source = hash_files(files_of(work / "source"))
    if known := cache.load(builds, recipe, source):
        return known
    assembly, log = None, ""
    if compiled is not None:
        assembly, log = _compile(work, compiled, once, recipe.options)
    content = hash_files(files_of(work / ("bin" if assembly else "source")))
    record = Record(str(project.resolve()), source, assembly, content, log)
    return cache.publish(work, builds, recipe, record)


def _compile(work: Path, compiled: str, once: Once, options: Options) -> tuple[str, str]:
    output = work / "output"
    output.mkdir()
    done = compile_project(work / "source", output, compiled, once=once, options=options)
    (output / "bin").rename(work / "bin")
    shutil.rmtree(output)
    return done
