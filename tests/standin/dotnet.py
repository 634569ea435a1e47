"""The stand-in's `dotnet`: LEAN's Launcher, or the build, by the command line."""

# It starts anew for each backtest: no module that takes long to load.
# ruff: noqa: PTH100, PTH113, PTH119, T201

from __future__ import annotations

import os
import sys


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
    if os.path.basename(command) != "QuantConnect.Lean.Launcher.dll":
        print(f"leanopt's stand-in for dotnet runs the Launcher only, not {command}")
        return 1
    import launcher

    return launcher.main(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
