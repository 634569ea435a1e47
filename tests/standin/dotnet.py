"""The stand-in's `dotnet`: LEAN's Launcher, the warm harness or the build, by the command line."""

# It starts again for each backtest: no module that takes long to load.
# ruff: noqa: PTH100, PTH113, PTH119, T201

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    command, *rest = arguments or [""]
    if command == "--list-sdks":
        print("10.0.100 [/usr/share/dotnet/sdk]")
        return 0
    if not command.endswith(".dll"):
        import build  # not a module of the Launcher's, and not loaded with it

        return int(build.main(arguments))
    if not os.path.isfile(command):
        print(f"The application to execute does not exist: '{os.path.abspath(command)}'.")
        return 129
    return _program(command)(rest)


def _program(assembly: str) -> Callable[[list[str]], int]:
    """Return what an assembly stands for."""
    if not os.path.isfile(f"{assembly.removesuffix('.dll')}.runtimeconfig.json"):
        sys.exit(f"{assembly} has no runtimeconfig.json beside it: it cannot be run")
    name = os.path.basename(assembly)
    # Each alone, for the Launcher starts again for each backtest.
    if name == "QuantConnect.Lean.Launcher.dll":
        from launcher import main
    elif name == "LeanoptHarness.dll":
        from warm import main
    else:
        sys.exit(f"leanopt's stand-in for dotnet knows no {assembly}")
    return main


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
