"""What an executor may raise, and what it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import frozen

from leanopt_core.errors import LeanoptError
from leanopt_core.testing import executor_rules as rules
from leanopt_core.testing.limits import Limits

T = TypeVar("T")

#: What methods must do, for errors of theirs that a test does not expect.
DUTIES: Final[Mapping[str, str]] = {
    "fill": rules.FILL,
    "names": rules.NAMES,
    "open": rules.OPEN,
    "put": rules.PUT,
    "remove": rules.REMOVE,
    "run_command": rules.COMMAND,
    "runtime": rules.RUNTIME,
    "spawn": rules.SPAWN,
    "write": rules.WRITE,
}
# The last two are for optional methods, and for failures of the kit.
_ALLOWED = (LeanoptError, FileNotFoundError, BrokenPipeError, AttributeError, AssertionError)


@frozen
class NamedLimits(Limits):
    """Limits, and errors with the rule: a failure if a call raises what no contract has."""

    def run(self, name: str, call: Callable[[], T]) -> T:
        """Return the result of `call`, of the method `name`."""
        __tracebackhide__ = True
        try:
            return super().run(name, call)
        except _ALLOWED as error:
            if name in DUTIES:
                error.add_note(f"{name}: {DUTIES[name]}")
            raise
        except Exception as error:
            told = f"{name} raised {type(error).__name__}: {error}"
            raise AssertionError(f"{rules.RAISES}; {told}") from error


@contextmanager
def refuses(kind: type[Exception], rule: str, names: str = "") -> Iterator[None]:
    """Fail with the rule unless the block raises an error of this kind that names `names`."""
    __tracebackhide__ = True
    try:
        yield
    except kind as error:
        if names not in str(error):
            raise AssertionError(f"{rule} is refused without {names!r}: {error}") from error
        return
    except Exception as error:
        told = f"raised {type(error).__name__}: {error}; {kind.__name__} is expected"
        raise AssertionError(f"{rule} {told}") from error
    raise AssertionError(f"{rule} raised nothing; {kind.__name__} is expected")
