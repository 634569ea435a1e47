"""Compare a project with the manifest of a run, before it runs here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from attrs import frozen

from leanopt_core.canonical import as_stored
from leanopt_core.errors import ManifestError, UsageError
from leanopt_core.pipeline import execution
from leanopt_core.pipeline.older import reworded
from leanopt_core.search.differences import differences
from leanopt_core.search.prepare import Prepared
from leanopt_core.search.resume import executed, listed

#: The version of the manifest's form.
MANIFEST_VERSION: Final = 1


def conditions(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run ran on, of its execution: place, build and distributions.

    None of it is in the plan. Members that an older leanopt did not store are missing.
    """
    found = {
        "place": {
            "executor": execution["executor"]["use"],
            "runtime": execution.get("runtime", {}),
            **({"places": execution["places"]} if "places" in execution else {}),
        },
        "build": execution.get("build"),
        "distributions": execution.get("distributions"),
    }
    return {name: value for name, value in found.items() if value is not None}


@frozen
class Manifest:
    """A manifest as `leanopt show --manifest` printed it; `path` is its file.

    With `strict`, place, build and versions of distributions must be the same too.
    """

    path: Path
    content: Mapping[str, Any]
    strict: bool = False

    @classmethod
    def read(cls, path: Path, *, strict: bool = False) -> Self:
        """Read a file; raises UsageError if it is no manifest that this leanopt knows."""
        try:
            content = json.loads(path.read_bytes())
            version = content["manifest"]
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            made = "`leanopt show RUN --manifest > FILE` writes one"
            raise UsageError(f"{path} is not the manifest of a run; {made}") from None
        if version != MANIFEST_VERSION:
            expected = f"expected {MANIFEST_VERSION}; use the leanopt that wrote it"
            raise UsageError(f"{path}: manifest has the version {version!r}, {expected}")
        return cls(path, content, strict)

    @property
    def pipeline(self) -> str:
        """Return the name of the pipeline's file in the project's folder."""
        return str(self.content["options"].get("pipeline", "pipeline.toml"))

    def with_overrides(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the manifest's overrides, which decide trials, and then those that are `given`."""
        options = self.content["options"]
        found = {k: options.get(k) if v is None else v for k, v in given.items()}
        return {**found, "sets": (*options.get("sets", ()), *given["sets"])}

    @property
    def results(self) -> str | None:
        """Return the SHA-256 of the canonical export, None if the run had not finished."""
        return self.content.get("results")

    def check(self, ready: Prepared) -> str | None:
        """Return a warning that lists what differs and decides no trial, None if nothing does.

        Raises ManifestError, item by item, if something differs that decides trials.
        """
        refused = [*self._plan(ready), *self._plugins(ready)]
        other = self._conditions(ready)
        if self.strict:
            refused += other
        if refused:
            raise ManifestError(
                f"this project differs from {self.path} in\n{listed(refused)}\n"
                "undo these changes, or run it without --manifest"
            )
        head = f"this run differs from {self.path} in what decides no trial:"
        return f"{head}\n{listed(other)}" if other else None

    def _plan(self, ready: Prepared) -> Iterator[str]:
        plan = ready.plan
        stored = self.content["plan"]
        before = reworded(stored, plan.data, ready.all_data, plan.stop_when_failing)
        now = as_stored(ready.plan.to_dict())
        yield from _hashes("the strategy's files", before, now, "source")
        data = {one["name"]: one for one in before["scenarios"]}
        for one in now["scenarios"]:
            if one["name"] in data:
                name = f"the data of scenario {one['name']}"
                yield from _hashes(name, data[one["name"]], one, "data")
        for said in differences(before, now, most=None):
            yield f"plan: {said}"

    def _plugins(self, ready: Prepared) -> Iterator[str]:
        now = dict(execution(ready.pipeline).plugins)
        for said in differences(self.content["plugins"], now, most=None):
            yield f"plugin {said}"

    def _conditions(self, ready: Prepared) -> list[str]:
        now = as_stored(conditions(executed(ready)))
        before = {name: self.content[name] for name in now if name in self.content}
        for name in self.content["plugins"]:
            # Of plugins that propose and judge a difference is refused.
            for one in (before, now):
                one.get("distributions", {}).pop(name, None)
        return differences(before, {name: now[name] for name in before}, most=None)


def _hashes(what: str, before: dict[str, Any], now: dict[str, Any], member: str) -> Iterator[str]:
    """Yield that a hash differs, and take it out of both."""
    was, is_now = before.pop(member, None), now.pop(member, None)
    if was != is_now:
        yield f"{what}: {_short(was)}, now {_short(is_now)}"


def _short(found: str | None) -> str:
    return "absent" if found is None else f"hash {found[:12]}"
