"""`python path/to/launcher --folder FOLDER`: answer requests by running LEAN's Launcher.

It runs without installation: `--harness` names the folder of `leanopt_harness`, and `sys.path`
stays unchanged. With both installed, run `python -m leanopt_lean.launcher`.
"""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH100, PTH118, PTH120

import argparse
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _parser() -> argparse.ArgumentParser:
    text = "Answer requests on standard input by running LEAN's Launcher, once per request."
    parser = argparse.ArgumentParser(prog="launcher", description=text)
    parser.add_argument("--folder", required=True, help="folder of QuantConnect.Lean.Launcher.dll")
    parser.add_argument("--dotnet", default="dotnet", help="the .NET program (default: dotnet)")
    parser.add_argument("--store", help="folder with the initial files of LEAN's object store")
    parser.add_argument("--harness", help="folder of leanopt_harness, if it is not installed")
    return parser


def _register(name: str, folder: str) -> None:
    """Make the import of `name` mean the package in a folder."""
    file, locations = os.path.join(folder, "__init__.py"), [folder]
    spec = spec_from_file_location(name, file, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise SystemExit(f"launcher: {folder} is not a package")
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def main() -> int:
    """Answer until the input ends; return the exit code."""
    given = _parser().parse_args()
    if not __package__:
        del sys.path[0]  # this folder, which Python adds when it runs a folder
        # The rest of leanopt_lean needs leanopt's core, which is not installed here.
        sys.modules["leanopt_lean"] = ModuleType("leanopt_lean")
        _register("leanopt_lean.launcher", _FOLDER)
    if given.harness is not None:
        _register("leanopt_harness", given.harness)
    from leanopt_harness.channel import Channel

    from leanopt_lean.launcher.server import LeanInstallation, serve

    store = Path(given.store).absolute() if given.store is not None else None
    location = LeanInstallation(Path(given.folder).absolute(), given.dotnet, store)
    # From here on, printed text does not reach the client.
    return serve(location, Channel.take_over())


if __name__ == "__main__":
    sys.exit(main())
