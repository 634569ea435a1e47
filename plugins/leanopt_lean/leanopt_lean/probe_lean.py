"""The program that looks for LEAN, .NET and libpython where workers run.

    python3 -I -S -c SOURCE LAUNCHER

It prints a JSON object. It uses the standard library of Python 3.8 or newer: it runs in the image.
"""

from __future__ import annotations

# ruff: noqa: PTH113, PTH118, PTH207, T201 - as small as can be
import ctypes
import glob
import json
import os
import shutil
import subprocess
import sys


def sdks(dotnet: str) -> list[str]:
    """Return the installed .NET SDKs, as `10.0.100`."""
    asked = [dotnet, "--list-sdks"]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout
    return [line.split()[0] for line in said.splitlines() if line.strip()]


def library() -> dict[str, object]:
    """Return the value of PYTHONNET_PYDLL, whether it exists, and the paths of libpython 3.11."""
    name = os.environ.get("PYTHONNET_PYDLL", "")
    folders = ("/usr/lib/*", "/usr/lib", "/usr/local/lib", "/opt/*/lib")
    known = [path for one in folders for path in glob.glob(one + "/libpython3.11.so*")]
    return {"name": name, "there": there(name), "known": sorted(known)}


def there(name: str) -> bool:
    """Return whether a library exists; the loader searches for a name without a folder."""
    if os.sep in name:
        return os.path.isfile(name)
    try:
        return bool(name and ctypes.CDLL(name))
    except OSError:
        return False


def look(launcher: str) -> dict[str, object]:
    """Return what is installed."""
    dotnet = shutil.which("dotnet")
    return {
        "launcher": os.path.isfile(os.path.join(launcher, "QuantConnect.Lean.Launcher.dll")),
        "dotnet": dotnet,
        "sdks": sdks(dotnet) if dotnet else [],
        "libpython": library(),
    }


if __name__ == "__main__":
    print(json.dumps(look(*sys.argv[1:])))
