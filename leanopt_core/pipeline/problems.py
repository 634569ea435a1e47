"""Collect all errors of a pipeline, each with its key path and its source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import asdict, define, evolve, field, frozen
from cattrs.errors import StructureHandlerNotFoundError

from leanopt_core.errors import LeanoptError, Mistake, PipelineError, PluginError
from leanopt_core.pipeline.toml import KeyPath, key_text, printable
from leanopt_core.shown import told

_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_ATTRS_TAIL = re.compile(r"( \(got .*\)\.?| \(.* doesn't\)|: [^:]*)$", re.DOTALL)


@frozen
class ValidationIssue:
    """One invalid value: its path from the value being read, and what was expected.

    `fault` says what its validator raised, if that is the validator's fault.
    """

    found: str
    expected: str
    hint: str = ""
    at: KeyPath = ()
    fault: str = ""


class ValidationError(ValueError):
    """A value does not fit its type; holds all its issues."""

    def __init__(self, issues: Iterable[ValidationIssue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(issue.expected for issue in self.issues))


def invalid(found: str, expected: str, hint: str = "", *, at: KeyPath = ()) -> ValidationError:
    """Return the error for a single issue."""
    return ValidationError([ValidationIssue(found, expected, hint, at)])


def placed(error: Exception, step: str | int, found: str) -> Iterator[ValidationIssue]:
    """Yield the issues of `error` for the value at `step`, shown as `found`."""
    if isinstance(error, ValidationError):
        for inner in error.issues:
            yield evolve(inner, at=(step, *inner.at))
    elif isinstance(error, StructureHandlerNotFoundError):
        yield ValidationIssue(found, "has a type that a pipeline cannot set", at=(step,))
    else:
        yield ValidationIssue(found, reason(error, str(step)), at=(step,))


def fault(error: Exception) -> str:
    """Return what a validator raised, an empty text if it is meant for the user.

    Only ValueError and TypeError say that a value is wrong.
    """
    if isinstance(error, ValueError | TypeError):
        return ""
    text = told(error)
    return f"it raised {type(error).__name__}: {text}".removesuffix(": ")


def reason(error: Exception, name: str) -> str:
    """Return an error's message in one line, without what our own message already says.

    The validators of attrs repeat the field's name and the value. A ValueError or TypeError is
    written for the user; for other errors the type is added.
    """
    message = " ".join(str(error.args[0] if error.args else "").split())
    message = _CLASS.sub(r"\1", message)
    if message.startswith(f"'{name}' must "):
        message = _ATTRS_TAIL.sub("", message.removeprefix(f"'{name}' "))
    elif message.startswith(f"Length of '{name}' must "):
        message = _ATTRS_TAIL.sub("", message.replace(f"Length of '{name}'", "its length"))
    if isinstance(error, ValueError | TypeError) and message:
        return message
    return f"{type(error).__name__}: {message}".removesuffix(": ")


@define
class Problems:
    """The errors found so far.

    `file` is the pipeline's file as the user named it. `labels` holds, by key path, the source of
    values from elsewhere, such as `--set seed=7`; messages show it instead of the file. `made` is
    the same for tables that exist only because of such a value.
    """

    file: str
    labels: dict[KeyPath, str] = field(factory=dict)
    made: dict[KeyPath, str] = field(factory=dict)
    _mistakes: list[Mistake] = field(factory=list)
    _touched: set[KeyPath] = field(factory=set)
    _plugins: int = 0

    def blame(self, at: KeyPath, found: str, expected: str, why: str) -> None:
        """Add an error that a plugin is the cause of, as `why` says."""
        before = len(self._mistakes)
        self.add(at, found, expected, why)
        self._plugins += len(self._mistakes) - before

    def add(
        self, at: KeyPath, found: str, expected: str, hint: str = "", source: str | None = None
    ) -> None:
        """Add an error, unless there is one at `at` or below, which is then the cause.

        `source` overrides the source that is known for `at`.
        """
        if not self.touched(at):
            self._touched.update(at[:length] for length in range(len(at) + 1))
            self.note(Mistake(source or self._source(at), key_text(at), found, expected, hint))

    def note(self, mistake: Mistake) -> None:
        """Add an error that has no path in the document."""
        texts = {name: printable(text) for name, text in asdict(mistake).items()}
        self._mistakes.append(Mistake(**texts))

    def touched(self, at: KeyPath) -> bool:
        """Return whether there is an error at `at` or below it."""
        return at in self._touched

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Return the errors, in the order they were found."""
        return tuple(self._mistakes)

    @property
    def found(self) -> bool:
        """Return whether there is any error."""
        return bool(self._mistakes)

    def error(self) -> LeanoptError:
        """Return an exception with all errors, in the order they were found.

        It is a PluginError if plugins are the cause of all of them: the pipeline is not wrong.
        """
        error = PipelineError(self._mistakes)
        return PluginError(str(error)) if self._plugins == len(self._mistakes) else error

    def _source(self, at: KeyPath) -> str:
        parts = (at[:length] for length in range(len(at), 0, -1))
        own = self.made.get(at, self.file)
        return next((self.labels[part] for part in parts if part in self.labels), own)
