"""`leanopt_core.api` has every name that plugins need, and loads none before its first use."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from leanopt_core import api

LOADED = "import sys; print(*sorted(name for name in sys.modules if name.startswith('leanopt')))"


@pytest.mark.parametrize("name", api.__all__)
def test_each_name_is_that_of_its_module(name: str) -> None:
    """Each is the object that the core itself uses, so that types and `isinstance` agree."""
    value = getattr(api, name)
    module = getattr(value, "__module__", None)
    if module is not None and module.startswith("leanopt_core"):
        assert getattr(import_module(module), name) is value


def test_a_wrong_name_gets_the_nearest() -> None:
    """A misspelt import says which name was meant."""
    with pytest.raises(AttributeError, match=r"no name 'StageSpek'.*StageSpec"):
        _ = api.StageSpek  # type: ignore[attr-defined]  # this is what is tested


def test_importing_it_loads_no_more_than_the_help() -> None:
    """A plugin's module is imported whenever plugins are listed."""
    help_page = (
        "from leanopt_core.cli.group import leanopt\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    leanopt(['--help'])\n"
    )
    shown, imported = (
        set(_output(f"{first}\n{LOADED}").split())
        for first in (help_page, "import leanopt_core.api")
    )
    assert imported - shown == {"leanopt_core.api"}


def test_registering_loads_nothing_heavy() -> None:
    """The names of a registration load no library."""
    names = "from leanopt_core.api import StageSpec, hookimpl"
    loaded = _output(f"{names}\nimport sys\nprint(*sys.modules)").split()
    assert not {"numpy", "optuna", "docker", "rich", "pandas"} & set(loaded)


ROOT = Path(__file__).parents[2]
PLUGINS = [
    path
    for path in ROOT.glob("plugins/leanopt_*/leanopt_*/**/*.py")
    if "tests" not in path.relative_to(ROOT).parts
]


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_our_own_plugins_need_nothing_else(path: Path) -> None:
    """They are plugins like everybody's: what they use of the core is the contract."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
            assert not [name for name in names if name.split(".")[0] == "leanopt_core"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("leanopt_core"):
            assert node.module == "leanopt_core.api", f"line {node.lineno}"


def _output(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
