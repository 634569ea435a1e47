"""leanopt's errors. Each kind has an exit code; each message says what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from attrs import frozen


class LeanoptError(Exception):
    """Base of all errors that leanopt reports without a traceback."""

    exit_code: ClassVar[int] = 1


class UsageError(LeanoptError):
    """The command line is not valid or names something that does not exist, such as a run."""

    exit_code = 2


@frozen
class Mistake:
    """One error in a file: where, what was found, what was expected, and a hint.

    `key` is the path inside the file, such as `stage[1].trials`; `hint` may be empty.
    """

    file: str
    key: str
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the error as one line."""
        where = f"{self.file}: {self.key}: " if self.key else f"{self.file}: "
        found = f"found {self.found}, " if self.found else ""
        return f"{where}{found}{self.expected}" + (f" ({self.hint})" if self.hint else "")


class PipelineError(LeanoptError):
    """A pipeline is not valid; holds all errors in it."""

    exit_code = 3

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class SpaceError(LeanoptError):
    """A parameter axis, a constraint between parameters or a point is not valid."""

    exit_code = 3


class PluginError(LeanoptError):
    """A plugin broke its contract; the message names the plugin and its distribution."""

    exit_code = 4


class StrategyError(LeanoptError):
    """The strategy cannot be prepared or run: not found, or it does not import or build."""

    exit_code = 5


class InputsChangedError(StrategyError):
    """Data or sources have changed during a run; a run stops as if interrupted."""


class ExecutorError(LeanoptError):
    """Workers cannot be started, or die before they are ready."""

    exit_code = 6


class TransientError(ExecutorError):
    """A worker or command could not start or was ended from outside; a retry may succeed."""


class PatienceError(ExecutorError):
    """Retries took longer than the limit; a run stops as if interrupted."""

    exit_code = 130


class NotFetchedError(ExecutorError):
    """Workers need an image that is not on this machine, and nothing may be fetched now."""


class SearchesFailedError(LeanoptError):
    """Some searches of a run have ended without a completed trial, and others have one."""

    exit_code = 10


class StoreError(LeanoptError):
    """The result store cannot be read or written, or is newer than this leanopt."""

    exit_code = 7


class ResumeError(LeanoptError):
    """A run cannot be continued: there is none, or a plugin does not repeat what is stored."""

    exit_code = 8


class ManifestError(LeanoptError):
    """A project differs from the manifest that it is run by."""

    exit_code = 8


class DifferenceError(LeanoptError):
    """Backtests or a run give other results than the stored ones or the manifest's."""

    exit_code = 9
