"""A base for engines whose strategy is a program: it is started once for each backtest."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from leanopt_core.canonical import canonical_json, digest
from leanopt_core.content import hash_file
from leanopt_core.data_files import selected
from leanopt_core.engines.base import Build, PrepareContext, RunCommand
from leanopt_core.engines.command_checks import checked_command, checked_statistics
from leanopt_core.engines.inline import COMPLETE_STATES, read_inline
from leanopt_core.engines.own_code import attributes_of, code_of, hashes_of
from leanopt_core.errors import StrategyError
from leanopt_core.harness.events import Hello
from leanopt_core.work import (
    REQUEST,
    Answer,
    Backtest,
    Category,
    Command,
    Failure,
    Launch,
    Mount,
    Outcome,
    Request,
)

_HARNESS = Path(__file__).with_name("command_harness.py")
# Not by `metadata`, which parses each distribution's README too.
_DISTRIBUTIONS = """
import re
from importlib.metadata import distributions

texts = (one.read_text("METADATA") or one.read_text("PKG-INFO") or "" for one in distributions())
heads = (text.partition("\\n\\n")[0] for text in texts)
found = (dict(re.findall("(?m)^(Name|Version): *(.+)$", head)) for head in heads)
print(*sorted({f"{one.get('Name')} {one.get('Version')}" for one in found}), sep="\\n")
"""
# What an argument may contain for the worker to fill in.
_FILLED = ("{build}", "{python}", "{scratch}", REQUEST)
# By their content and not by their path.
_HASHED = ("program", "data", "data_files")


class CommandEngine(ABC):
    """Runs `command(backtest)` for each backtest and reads what it printed.

    A subclass says what the command line is, and how its output is read if that is not a JSON
    object of statistics. The program may not depend on anything but its arguments, `program` and
    `data`: their contents are in the content key, and so are the subclass's code and attributes. An
    exit code other than 0 is a strategy error, with the end of standard error as its message. A
    program that a signal ended is a worker that died.
    """

    #: The data folder or file, at `{data}` where workers run, None without data.
    data: Path | None = None
    #: Patterns of the data files that affect results, None for all.
    data_files: Sequence[str] | None = None

    # The hashes of the code of this class when it was made, empty if it is in no file.
    _loaded: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **more: object) -> None:
        """Note what is being imported: an edited file is not yet the code that runs."""
        super().__init_subclass__(**more)
        with suppress(ValueError, OSError):
            cls._loaded = hashes_of(cls)

    def __init__(self, program: Path) -> None:
        """Take the program: a file, or a folder; it is at `{build}` where workers run.

        A Python file cannot import others beside it: of several files, give the folder.
        """
        self.program = program.resolve()

    @abstractmethod
    def command(self, backtest: Backtest) -> Sequence[str]:
        """Return the command line of a backtest.

        `{build}`, `{data}`, `{python}`, `{scratch}` and `{request}` stand for paths where workers
        run; the last is a folder for this backtest alone.
        """

    def statistics(self, output: str) -> Mapping[str, Any]:
        """Return the statistics in what the program printed; raises ValueError if there are none.

        The default reads one JSON object. NaN, infinity and booleans are no statistics.
        """
        found = json.loads(output)
        if not isinstance(found, dict):
            raise ValueError(f"it is {type(found).__name__}, expected an object")  # noqa: TRY004 - about data
        return found

    def check(self, context: PrepareContext) -> Sequence[str]:  # noqa: ARG002 - a program's parameters are unknown
        """Return that the program or its data is missing."""
        needed = {"program": self.program, "data": self.data}
        return [
            f"there is no {what} {path}"
            for what, path in needed.items()
            if path is not None and not path.exists()
        ]

    def prepare(
        self,
        run_command: RunCommand,
        runtime: Mapping[str, str],
        context: PrepareContext,
    ) -> Build:
        """Hash the program; raises StrategyError if it does not exist.

        For a program in Python, the distributions where workers run are part of the content key.
        """
        if problems := self.check(context):
            raise StrategyError("\n".join(problems))
        files = self._files()
        hashes = {name: hash_file(file) for name, file in files.items()}
        source = digest(hashes)
        identity = {
            "source": source,
            "harness": hash_file(_HARNESS),
            "runtime": dict(runtime),
            "distributions": self._distributions(run_command, files),
            "engine": code_of(type(self), self._loaded),
            "attributes": attributes_of(self, without=_HASHED),
        }
        mounts = [Mount("build", self.program), Mount("harness", _HARNESS)]
        if self.data is not None:
            mounts.append(Mount("data", self.data))
        # Python would import what is beside a single file, which is not in its hash.
        alone = {"PYTHONSAFEPATH": "1"} if self.program.is_file() else {}
        launch = Launch(("{python}", "{harness}"), tuple(mounts), alone)
        in_place = {file: hashes[name] for name, file in files.items()}
        return Build(
            self.program.stem, source, digest(identity), launch, in_place=in_place, sources=hashes
        )

    def _files(self) -> Mapping[str, Path]:
        """Return the program's files by name, without those that Python itself writes."""
        if self.program.is_file():
            return {self.program.name: self.program}
        found = selected(self.program, None)
        return {name: file for name, file in found if "__pycache__" not in file.parts}

    def _distributions(self, run_command: RunCommand, files: Iterable[str]) -> str | None:
        if not any(name.endswith(".py") for name in files):
            return None
        completed = run_command(Command(("{python}", "-c", _DISTRIBUTIONS)))
        if completed.exit_code != 0:
            said = completed.errors.strip()
            raise StrategyError(
                f"Python's distributions cannot be listed for {self.program}: {said}"
            )
        return completed.output

    def request(self, backtest: Backtest, outputs: frozenset[str], hello: Hello) -> Request:  # noqa: ARG002 - the harness is ours
        """Make the request: the command line; raises ValueError if it is none."""
        known = _FILLED if self.data is None else (*_FILLED, "{data}")
        command = checked_command(self.command(backtest), known)
        filled = [part for part in command if any(text in part for text in known)]
        return Request(canonical_json({"command": command}), tuple(filled), outputs=outputs)

    def read(self, answer: Answer, backtest: Backtest, outputs: frozenset[str]) -> Outcome:  # noqa: ARG002 - the answer says it all
        """Read the program's output, or its failure."""
        payload = answer.payload
        if payload.get("status") not in COMPLETE_STATES:
            return read_inline(payload)
        try:
            found = checked_statistics(self.statistics(str(payload.get("output", ""))))
        except ValueError as error:
            message = f"the program's output cannot be read: {error}"
            return Outcome(failure=Failure(Category.NO_RESULT, message))
        return read_inline({**payload, "statistics": found})
