"""The program that looks for a network and for Python packages where workers run.

    python3 -I -S -c SOURCE LAUNCHER VENV [NAME ...]

VENV is a virtual environment, or empty. It prints a JSON object. It uses the standard library of
Python 3.8 or newer: it runs in the image.
"""

from __future__ import annotations

# ruff: noqa: T201
import json
import os
import re
import subprocess
import sys
from pathlib import Path

_FIND = (
    "import sys, importlib.util as util; sys.path.append(sys.argv[1]); "
    "print(*(name for name in sys.argv[2:] if util.find_spec(name) is None))"
)


def network() -> bool | None:
    """Return whether there is a network, None if unknown."""
    try:
        return len(Path("/proc/net/route").read_text(encoding="ascii").splitlines()) > 1
    except OSError:
        return None


def python() -> Path | None:
    """Return the interpreter whose packages LEAN imports, None if unknown."""
    library = Path(os.environ.get("PYTHONNET_PYDLL", "/"))
    named = re.findall(r"^lib(python\d\.\d+)", library.name)
    for version in named:
        for folder in library.parents:
            if (folder / "lib" / version / "os.py").is_file():
                program = folder / "bin" / version
                return program if program.is_file() else None
    return None


def lacking(program: Path, launcher: Path, names: list[str]) -> set[str]:
    """Return the packages that neither a Python nor LEAN provides."""
    asked = [str(program), "-c", _FIND, str(launcher), *names]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout
    # Python for .NET imports .NET namespaces like packages.
    namespaces = {path.name.partition(".")[0] for path in launcher.glob("*.dll")}
    return set(said.split()) - namespaces


def look(launcher: str, venv: str, *names: str) -> dict[str, object]:
    """Return the network, the interpreter and the lacking packages."""
    base = python()
    programs = [one for one in (base, Path(venv, "bin", "python3") if venv else None) if one]
    found = [lacking(one, Path(launcher), list(names)) for one in programs]
    return {
        "network": network(),
        "python": str(programs[-1]) if programs else None,
        "lacking": sorted(set.intersection(*found)) if found and base else [],
    }


if __name__ == "__main__":
    print(json.dumps(look(*sys.argv[1:])))
