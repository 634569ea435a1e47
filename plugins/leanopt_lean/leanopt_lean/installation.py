"""The identity of the LEAN installed where workers run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from leanopt_core.api import Command, RunCommand, digest
from leanopt_lean.findings import Findings, problem

_LAUNCHER = "QuantConnect.Lean.Launcher.dll"
# LEAN's own assemblies count by content, the others in its folder by name and size: hashing all
# would take seconds. The files that a command names count by content.
_TELL = """
import hashlib, json, pathlib, sys
read = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
folder, *parts = map(pathlib.Path, sys.argv[1:])
print(json.dumps({
    "own": {path.name: read(path) for path in sorted(folder.glob("QuantConnect*.dll"))},
    "others": {path.name: path.stat().st_size for path in sorted(folder.glob("*.dll"))},
    "command": {str(part): read(part) for part in parts if part.is_file()},
}))
"""


def look(
    run_command: RunCommand, launcher: str, harness: Sequence[str] = ()
) -> tuple[str, Findings]:
    """Return the identity of the LEAN in the folder `launcher`, and of a harness's command.

    A missing LEAN is a problem, except with a user's harness, which may not need it.
    """
    completed = run_command(Command(("{python}", "-I", "-c", _TELL, launcher, *harness)))
    try:
        found = json.loads(completed.output)
    except ValueError:
        tail = completed.errors.strip()[-500:]
        return "", problem(f"strategy.launcher: cannot read {launcher} where workers run: {tail}")
    if _LAUNCHER not in found["own"] and not harness:
        return "", problem(
            f"strategy.launcher: no LEAN in {launcher} where workers run; expected the folder "
            f"of {_LAUNCHER} (/Lean/Launcher/bin/Debug in LEAN's own image)"
        )
    return digest(found), Findings()
