"""The small program that looks for LEAN and .NET where workers run.

    python3 -I -S -c SOURCE LAUNCHER

It prints a JSON object. Standard library only, Python 3.8 or newer: it runs in the image.
"""

from __future__ import annotations

# ruff: noqa: PTH113, PTH118, T201 - as small as can be
import json
import os
import shutil
import subprocess
import sys


def sdks(dotnet: str) -> list[str]:
    """Return the .NET SDKs that there are, as `10.0.100`."""
    asked = [dotnet, "--list-sdks"]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout
    return [line.split()[0] for line in said.splitlines() if line.strip()]


def look(launcher: str) -> dict[str, object]:
    """Return what of LEAN is there."""
    dotnet = shutil.which("dotnet")
    return {
        "launcher": os.path.isfile(os.path.join(launcher, "QuantConnect.Lean.Launcher.dll")),
        "dotnet": dotnet,
        "sdks": sdks(dotnet) if dotnet else [],
    }


if __name__ == "__main__":
    print(json.dumps(look(*sys.argv[1:])))
