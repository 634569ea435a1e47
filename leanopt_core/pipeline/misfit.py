"""What does not fit the type it is meant for, below the value that was to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import evolve, frozen
from cattrs.errors import StructureHandlerNotFoundError

from leanopt_core.pipeline.toml import KeyPath

_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_ATTRS_TAIL = re.compile(r"( \(got .*\)\.?| \(.* doesn't\)|: [^:]*)$", re.DOTALL)


@frozen
class Misfit:
    """One thing that does not fit: where (from the value that was read), and what was expected."""

    found: str
    expected: str
    hint: str = ""
    at: KeyPath = ()


class MisfitError(ValueError):
    """A value does not fit its type; holds all that is wrong with it."""

    def __init__(self, misfits: Iterable[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__("; ".join(misfit.expected for misfit in self.misfits))


def misfit(found: str, expected: str, hint: str = "", *, at: KeyPath = ()) -> MisfitError:
    """Return the error for a single misfit."""
    return MisfitError([Misfit(found, expected, hint, at)])


def placed(error: Exception, step: str | int, found: str) -> Iterator[Misfit]:
    """Yield what `error` says about the value at `step`, written as `found`."""
    if isinstance(error, MisfitError):
        for inner in error.misfits:
            yield evolve(inner, at=(step, *inner.at))
    elif isinstance(error, StructureHandlerNotFoundError):
        yield Misfit(found, "is of a type that no pipeline can give", at=(step,))
    else:
        yield Misfit(found, reason(error, str(step)), at=(step,))


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
