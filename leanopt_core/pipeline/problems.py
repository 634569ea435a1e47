"""Collects all errors of a pipeline, each at its key path and under the file it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import asdict, define, evolve, field, frozen
from cattrs.errors import StructureHandlerNotFoundError

from leanopt_core.errors import Mistake, PipelineError
from leanopt_core.pipeline.toml import KeyPath, key_text, printable

_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_ATTRS_TAIL = re.compile(r"( \(got .*\)\.?| \(.* doesn't\)|: [^:]*)$", re.DOTALL)


@frozen
class ValidationIssue:
    """One thing that does not fit: where (from the value that was read), and what was expected."""

    found: str
    expected: str
    hint: str = ""
    at: KeyPath = ()


class ValidationError(ValueError):
    """A value does not fit its type; holds all that is wrong with it."""

    def __init__(self, misfits: Iterable[ValidationIssue]) -> None:
        self.misfits = tuple(misfits)
        super().__init__("; ".join(misfit.expected for misfit in self.misfits))


def misfit(found: str, expected: str, hint: str = "", *, at: KeyPath = ()) -> ValidationError:
    """Return the error for a single misfit."""
    return ValidationError([ValidationIssue(found, expected, hint, at)])


def placed(error: Exception, step: str | int, found: str) -> Iterator[ValidationIssue]:
    """Yield what `error` says about the value at `step`, written as `found`."""
    if isinstance(error, ValidationError):
        for inner in error.misfits:
            yield evolve(inner, at=(step, *inner.at))
    elif isinstance(error, StructureHandlerNotFoundError):
        yield ValidationIssue(found, "is of a type that no pipeline can give", at=(step,))
    else:
        yield ValidationIssue(found, reason(error, str(step)), at=(step,))


def reason(error: Exception, name: str) -> str:
    """Return an error's message in one line, without what a message of ours says anyway.

    The validators of attrs repeat the field's name and the value; a ValueError or TypeError is
    meant for the user, of other errors the kind is named too.
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
    """The mistakes found so far.

    `file` is how the user named the pipeline's file; `labels` holds, by key path, what stands in
    its place in messages about values that came from elsewhere, as `--set seed=7`, and `made` the
    same for tables that only are there because of such a value.
    """

    file: str
    labels: dict[KeyPath, str] = field(factory=dict)
    made: dict[KeyPath, str] = field(factory=dict)
    _mistakes: list[Mistake] = field(factory=list)
    _touched: set[KeyPath] = field(factory=set)

    def add(
        self, at: KeyPath, found: str, expected: str, hint: str = "", source: str | None = None
    ) -> None:
        """Note a mistake, unless one is known at `at` or below: that one is then the cause.

        `source` says where the value came from, where the places noted here do not know it.
        """
        if not self.touched(at):
            self._touched.update(at[:length] for length in range(len(at) + 1))
            self.note(Mistake(source or self._source(at), key_text(at), found, expected, hint))

    def note(self, mistake: Mistake) -> None:
        """Note a mistake that has no place in the document."""
        texts = {name: printable(text) for name, text in asdict(mistake).items()}
        self._mistakes.append(Mistake(**texts))

    def touched(self, at: KeyPath) -> bool:
        """Say whether a mistake is known at `at` or below it."""
        return at in self._touched

    @property
    def found(self) -> bool:
        """Say whether there is any mistake."""
        return bool(self._mistakes)

    def error(self) -> PipelineError:
        """Return the error that holds all mistakes, in the order they were found."""
        return PipelineError(self._mistakes)

    def _source(self, at: KeyPath) -> str:
        parts = (at[:length] for length in range(len(at), 0, -1))
        own = self.made.get(at, self.file)
        return next((self.labels[part] for part in parts if part in self.labels), own)
