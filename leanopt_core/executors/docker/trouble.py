"""What the SDK raises, as errors that say what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLError

from leanopt_core.errors import ExecutorError, TransientError

#: What the Docker SDK and what it stands on raise; they are recognised without importing them.
_MODULES = ("docker", "requests", "urllib3")
# Of the engine's answers.
_ABSENT, _CONFLICT, _UNAVAILABLE = 404, 409, 503


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise ExecutorError with `what` and the engine's own words in place of the SDK's errors.

    It is a TransientError where another try may go well.
    """
    try:
        yield
    except Exception as error:
        if not foreign(error):
            raise
        kind = TransientError if passing(error) else ExecutorError
        raise kind(f"{what}: {said(error)}") from None


def foreign(error: BaseException) -> bool:
    """Say whether an error comes from the SDK, or from the line to the engine."""
    root = type(error).__module__.partition(".")[0]
    return root in _MODULES or isinstance(error, OSError)


def passing(error: BaseException) -> bool:
    """Say whether another try may go well: no engine answers, or somebody ended the container."""
    if absent(error):
        return "no such container" in said(error).lower()
    return _status(error) in (None, _CONFLICT, _UNAVAILABLE)


def absent(error: BaseException) -> bool:
    """Say whether the engine answered that there is no such thing."""
    return _status(error) == _ABSENT


def conflicting(error: BaseException) -> bool:
    """Say whether the engine answered that this is not the time, as for what is being removed."""
    return _status(error) == _CONFLICT


def _status(error: BaseException) -> int | None:
    """Return the status of the engine's answer, None where there was none."""
    return getattr(getattr(error, "response", None), "status_code", None)


def said(error: BaseException) -> str:
    """Return what went wrong in a line: the engine's words, else the system's."""
    explanation = getattr(error, "explanation", None)
    if explanation:
        return str(explanation).strip()
    cause = system_error(error)
    return cause.strerror or str(cause) if cause is not None else str(error)


def system_error(error: BaseException) -> OSError | None:
    """Return the operating system's error at the bottom of an error, None where there is none."""
    seen: list[object] = [error]
    for one in seen:
        # The numbers of TLS are its own.
        if isinstance(one, OSError) and one.errno is not None and not isinstance(one, SSLError):
            return one
        if isinstance(one, BaseException):
            inner = (one.__cause__, one.__context__, *one.args)
            seen += [new for new in inner if isinstance(new, BaseException) and new not in seen]
    return None
