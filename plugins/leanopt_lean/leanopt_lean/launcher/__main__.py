"""`python path/to/launcher --folder FOLDER`: answer requests by running LEAN's Launcher.

It needs no installation: `--harness` names the folder of `leanopt_harness`, and by path it puts no
folder on the path that imports are looked up on. `python -m leanopt_lean.launcher` needs neither.
"""

# Paths are strings here, as imports have them.
# ruff: noqa: PTH100, PTH118, PTH120

import argparse
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _parser() -> argparse.ArgumentParser:
    text = "Answers requests on standard input by running LEAN's Launcher, once for each."
    parser = argparse.ArgumentParser(prog="launcher", description=text)
    parser.add_argument("--folder", required=True, help="where QuantConnect.Lean.Launcher.dll lies")
    parser.add_argument("--dotnet", default="dotnet", help="the .NET program (default: dotnet)")
    parser.add_argument("--store", help="folder whose files LEAN's object store begins with")
    parser.add_argument("--harness", help="folder of leanopt_harness, where it is not installed")
    return parser


def _register(name: str, folder: str) -> None:
    """Make the import of `name` mean the package in a folder."""
    file, locations = os.path.join(folder, "__init__.py"), [folder]
    spec = spec_from_file_location(name, file, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise SystemExit(f"launcher: {folder} is no package")
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def main() -> int:
    """Answer until the input ends; return the exit code."""
    given = _parser().parse_args()
    if not __package__:
        del sys.path[0]  # this folder, which Python puts there for a program that is one
        # The rest of leanopt_lean needs leanopt's core, which is not there.
        sys.modules["leanopt_lean"] = ModuleType("leanopt_lean")
        _register("leanopt_lean.launcher", _FOLDER)
    if given.harness is not None:
        _register("leanopt_harness", given.harness)
    from leanopt_harness.channel import Channel

    from leanopt_lean.launcher.server import Location, serve

    store = Path(given.store).absolute() if given.store is not None else None
    location = Location(Path(given.folder).absolute(), given.dotnet, store)
    # From here on, nothing that is printed reaches the client.
    return serve(location, Channel.take_over())


if __name__ == "__main__":
    sys.exit(main())
