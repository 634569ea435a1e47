"""The caller's variables that `[strategy] environment` passes to the strategy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from attrs import evolve

from leanopt_core.canonical import digest
from leanopt_core.content import hash_variables
from leanopt_core.engines.base import Build
from leanopt_core.work import Outcome

# As Python words a missing key, then as LEAN words it; LEAN explains some exceptions, not all.
_MISSING = re.compile(r"(?:KeyError ?:|The key) '([A-Za-z_][A-Za-z0-9_]*)'")


def keyed(build: Build, passed: Mapping[str, str]) -> Build:
    """Return the build with the hashes of passed variables in its identity, if there are any."""
    if not passed:
        return build
    identity = digest({"build": build.identity, "environment": hash_variables(passed)})
    return evolve(build, identity=identity)


def hint(message: str) -> str | None:
    """Return how to pass the variable whose absence an error reports.

    None if it reports none, or one that the caller does not have either.
    """
    for name in _MISSING.findall(message):
        if name in os.environ:
            return (
                f"workers do not get your variable {name}; if the strategy reads it, pass it with "
                f'[strategy] environment = ["{name}"]'
            )
    return None


class EnvironmentCheck:
    """Says how to pass a variable that the strategy misses, once."""

    def __init__(self) -> None:
        self._open = True

    def saw(self, outcomes: Iterable[Outcome]) -> str | None:
        """Take the outcomes of a told trial; return the hint for the first missing variable."""
        if not self._open:
            return None
        messages = [one.failure.message for one in outcomes if one.failure is not None]
        found = next(filter(None, map(hint, messages)), None)
        self._open = found is None
        return found
