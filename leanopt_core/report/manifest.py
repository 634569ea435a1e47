"""The manifest of a run: what decides its trials, and what it ran on, as plain JSON values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from leanopt_core.report.run import run_document
from leanopt_core.search.manifest import MANIFEST_VERSION, conditions
from leanopt_core.store.records import StoredRun
from leanopt_core.store.store import Store

# Overrides of these tables decide no trial, and can hold a password, as in an address.
_PRIVATE: Final = ("executor.", "sink.", "sink[")


def manifest(store: Store, run: StoredRun) -> dict[str, Any]:
    """Return the manifest of a run.

    It holds no values of environment variables (only hashes), no options of the executor and of
    sinks, and no paths of this machine.
    """
    plan, execution = json.loads(run.plan), json.loads(run.execution)
    return {
        "manifest": MANIFEST_VERSION,
        **run_document(run),
        "options": _options(execution.get("options", {})),
        "plan": plan,
        "seeds": {
            "run": plan["seed"],
            "searches": {one["name"]: one["seed"] for one in plan["searches"]},
        },
        "plugins": execution.get("plugins", {}),
        **conditions(execution),
        "workers": execution["workers"],
        "results": results(store, run),
    }


def results(store: Store, run: StoredRun) -> str | None:
    """Return the SHA-256 of a run's canonical export, in hexadecimal; None unless it has finished.

    It is that of the file that `leanopt export --canonical` writes.
    """
    if run.state != "finished":
        return None
    found = sha256()
    for line in store.reader.canonical(run):
        found.update(f"{line}\n".encode())
    return found.hexdigest()


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the command's options that decide trials, with the pipeline's file."""
    kept = {name: options[name] for name in ("pipeline", "symbol", "seed") if name in options}
    sets = [one for one in options.get("sets", ()) if not one.strip().startswith(_PRIVATE)]
    return {**kept, **({"sets": sets} if sets else {})}
