"""The options of the command that began a run: stored with it, so that it resumes with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from attrs import asdict, field, frozen

from leanopt_core.errors import PipelineError, ResumeError
from leanopt_core.pipeline import Overrides, Pipeline
from leanopt_core.pipeline.toml import read_document
from leanopt_core.store.records import StoredRun


@frozen
class RunOptions:
    """The pipeline's file, by its name in the project's folder, and the options of `leanopt run`.

    `stored` is false if a run of an older leanopt has stored none.
    """

    pipeline: str
    overrides: Overrides = field(factory=Overrides)
    allow_unread: bool = False
    skip_build: bool = False
    stored: bool = True

    @classmethod
    def of(cls, pipeline: Pipeline, *, allow_unread: bool, skip_build: bool) -> Self:
        """Return the options with which a pipeline was loaded and runs."""
        return cls(pipeline.file.name, pipeline.overrides, allow_unread, skip_build)

    @classmethod
    def of_run(cls, run: StoredRun, folder: Path) -> Self:
        """Return the options of a run in the project `folder`.

        A run of an older leanopt stored none: the pipeline is the only one there with its name.
        Raises ResumeError if that is not clear.
        """
        found = json.loads(run.execution).get("options")
        if found is None:
            return cls(_pipeline_of(run, folder), stored=False)
        sets = tuple(found.pop("sets", ()))
        file, unread = found.pop("pipeline"), found.pop("allow_unread", False)
        build = found.pop("skip_build", False)
        return cls(file, Overrides(sets, **found), unread, build)

    def to_dict(self) -> Mapping[str, Any]:
        """Return what is not the default, as plain JSON values."""
        flags = {"allow_unread": self.allow_unread, "skip_build": self.skip_build}
        given = {"pipeline": self.pipeline, **asdict(self.overrides), **flags}
        unset = (None, False, ())
        return {
            name: value for name, value in given.items() if not any(value is one for one in unset)
        }


def _pipeline_of(run: StoredRun, folder: Path) -> str:
    found = list(_named(run.pipeline, folder))
    if len(found) == 1:
        return found[0]
    several = f"several pipelines are called so: {', '.join(found)}"
    why = several if found else f"no pipeline there is called {run.pipeline!r}"
    raise ResumeError(
        f"the pipeline of run {run.name} is unknown, and in {folder} {why}; "
        "continue it with `leanopt run PIPELINE --resume` and its options"
    )


def _named(name: str, folder: Path) -> Iterator[str]:
    """Yield the pipelines of this name in a folder."""
    for path in sorted(folder.glob("*.toml")):
        try:
            document = read_document(path)
        except (PipelineError, OSError):
            continue
        if document.get("name") == name and "stage" in document:
            yield path.name
