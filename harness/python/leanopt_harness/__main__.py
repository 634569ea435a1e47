"""`python -m leanopt_harness`, or `python path/to/leanopt_harness`: serve or describe a strategy.

By path it runs without installation, and adds no folder to `sys.path`.
"""

# Paths are strings here, as imports use them.
# ruff: noqa: PTH100, PTH109, PTH118, PTH120

import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _clean_path() -> None:
    """Remove the folder that Python put on `sys.path` for this program.

    It is the package's own, whose `statistics` would hide Python's, or the current one, whose files
    are not part of any identity.
    """
    added = os.getcwd() if __package__ else _FOLDER
    if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(added):
        del sys.path[0]


def _register() -> None:
    """Make `import leanopt_harness` import the package of this file."""
    from importlib.machinery import ModuleSpec, SourceFileLoader
    from importlib.util import module_from_spec

    name, file = "leanopt_harness", os.path.join(_FOLDER, "__init__.py")
    loader = SourceFileLoader(name, file)
    spec = ModuleSpec(name, loader, origin=file, is_package=True)
    spec.submodule_search_locations = [_FOLDER]
    spec.has_location = True
    package = module_from_spec(spec)
    sys.modules[name] = package
    loader.exec_module(package)


_clean_path()
if "leanopt_harness" not in sys.modules:
    _register()
# Without a spec, a child that multiprocessing spawns runs this file by its path (as `__mp_main__`),
# and so finds the package.
__spec__ = None
__file__ = os.path.join(_FOLDER, "__main__.py")

if __name__ == "__main__":
    from leanopt_harness.command import main

    sys.exit(main())
