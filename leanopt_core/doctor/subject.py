"""The subject of the checks: a machine and optionally a pipeline; parts are made on first use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from leanopt_core.check import Finding, StuckError
from leanopt_core.closing import Closing
from leanopt_core.engines.base import Build, PrepareContext
from leanopt_core.errors import LeanoptError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.executors.process import ProcessExecutor
from leanopt_core.options import ProcessOptions, PythonStrategy
from leanopt_core.pipeline import Pipeline, load_pipeline
from leanopt_core.plugins import Registry, discover
from leanopt_core.search.calls import Calls
from leanopt_core.search.guarded_engine import GuardedEngine, GuardedExecutor
from leanopt_core.search.prepare import build_choice, engine_of, label, prepare_context
from leanopt_core.work import Command, Completed, Launch

if TYPE_CHECKING:
    from leanopt_core.executors.docker.engine import Engine as DockerEngine

# Runs where workers run, maybe in an image: standard library only, Python 3.8 or newer.
_FACTS = 'import json, platform; print(json.dumps({"python": platform.python_version()}))'
# How long that may take, in seconds.
_LOOKING = 60.0


class Subject(Closing):
    """The subject of the checks; a context manager that releases what it created.

    A part that cannot be made raises its error at each access. `calls` notes the calls into
    plugins.
    """

    def __init__(
        self, file: Path | None, sets: tuple[str, ...] = (), calls: Calls | None = None
    ) -> None:
        self.file = file
        self.calls = Calls() if calls is None else calls
        self._sets = sets
        self._held = ExitStack()

    def close(self) -> None:
        """Release what was made."""
        self._held.close()

    @property
    def folder(self) -> Path:
        """Return the project's folder: the pipeline's, else this one."""
        return self.file.absolute().parent if self.file is not None else Path.cwd()

    @cached_property
    def registry(self) -> Registry:
        """Return the plugins."""
        return discover(noted=self.calls.noted)

    @cached_property
    def pipeline(self) -> Pipeline:
        """Return the pipeline; raises PipelineError, PluginError."""
        assert self.file is not None  # noqa: S101 - no check asks without one
        return load_pipeline(self.file, self.registry, sets=self._sets)

    @property
    def docker_options(self) -> DockerOptions | None:
        """Return the options of the docker executor, None where the pipeline uses another."""
        options = self.pipeline.executor.choice.options
        return options if isinstance(options, DockerOptions) else None

    @property
    def scratch_folder(self) -> Path | None:
        """Return the pipeline's folder for scratch; None for the project's, or if it is wrong."""
        if self.file is None:
            return None
        with suppress(LeanoptError):
            folder: object = getattr(self.pipeline.executor.choice.options, "scratch_folder", None)
            return folder if isinstance(folder, Path) and folder.is_dir() else None
        return None

    @cached_property
    def docker_engine(self) -> DockerEngine:
        """Return the Docker engine; raises ExecutorError."""
        from leanopt_core.executors.docker.engine import connect

        engine = connect()
        self._held.callback(engine.client.close)
        return engine

    @cached_property
    def executor(self) -> GuardedExecutor:
        """Return the pipeline's executor, which fetches no image here and removes nothing."""
        choice = self.pipeline.executor.choice
        executor = GuardedExecutor(self._executor(), label("executor", choice), self.calls)
        self._held.callback(executor.close)
        return executor

    def _executor(self) -> Executor:
        choice = self.pipeline.executor.choice
        if isinstance(choice.options, ProcessOptions):
            return ProcessExecutor(choice.options, self.folder, tidy=False)
        if self.docker_options is not None:
            from leanopt_core.executors.docker.executor import DockerExecutor

            # A look must change nothing, and fetching an image takes minutes.
            options = evolve(self.docker_options, pull="never")
            return DockerExecutor(options, self.folder, tidy=False)
        return cast("Executor", build_choice("executor", choice, self.folder, calls=self.calls))

    @cached_property
    def around(self) -> Mapping[str, Any]:
        """Return facts of the Python where workers run; raises StuckError where none runs."""
        options = self.pipeline.engine.options
        python = options.python if isinstance(options, PythonStrategy) else None
        argv = (python or "{python}", "-I", "-S", "-c", _FACTS)
        done = self.run_command(Command(argv, time_limit=_LOOKING))
        try:
            return dict(json.loads(done.output))
        except (ValueError, TypeError):
            said = done.errors.strip()[-500:]
            what = f"no Python runs where workers are (exit code {done.exit_code}): {said}"
            image = "; the image needs a python3" if self.docker_options is not None else ""
            raise StuckError(Finding.wrong(what + image)) from None

    def run_command(self, command: Command) -> Completed:
        """Run a command where workers run; the executor is made only then."""
        return self.executor.run_command(command)

    @cached_property
    def strategy(self) -> GuardedEngine:
        """Return the pipeline's engine."""
        return engine_of(self.pipeline, self.calls)

    @property
    def context(self) -> PrepareContext:
        """Return what is asked of the strategy; the engine's own checks look besides."""
        return evolve(prepare_context(self.pipeline), checked=True)

    @cached_property
    def build(self) -> Build:
        """Return the strategy made ready; raises StrategyError where it cannot be."""
        return self.strategy.prepare(self.run_command, self.executor.runtime(), self.context)

    @property
    def launch(self) -> Launch | None:
        """Return how workers are started, None where the strategy has not been made ready."""
        made: Build | None = self.__dict__.get("build")
        return made.launch if made is not None else None
