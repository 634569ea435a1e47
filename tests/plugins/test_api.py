"""`leanopt_core.api` has every name that plugins need, and loads none before its first use."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from leanopt_core import api

LOADED = "import sys; print(*sorted(name for name in sys.modules if name.startswith('leanopt')))"


def test_each_name_is_that_of_its_module() -> None:
    """Each is the object that the core itself uses, so that types and `isinstance` agree."""
    for name in api.__all__:
        value = getattr(api, name)
        module = getattr(value, "__module__", None)
        if module is not None and module.startswith("leanopt_core"):
            assert getattr(import_module(module), name) is value, name


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


def test_our_own_plugins_need_nothing_else() -> None:
    """They are plugins like everybody's: what they use of the core is the contract."""
    for path in PLUGINS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
                assert "leanopt_core" not in [name.split(".")[0] for name in names], path
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                ours = module.startswith("leanopt_core")
                assert not ours or module == "leanopt_core.api", f"{path}:{node.lineno}"


#: Plugins are given these and make none: of the first two they use no more than a path or a text.
OPAQUE = ("ParameterConstraint", "Pipeline", "OpenStore")


def test_the_set_is_closed() -> None:
    """What a class or a function takes and returns is there, too."""
    for name in set(api.__all__).difference(OPAQUE):
        value = inspect.unwrap(getattr(api, name))
        if inspect.isclass(value) or inspect.isfunction(value):
            tree = _tree(inspect.getfile(value))
            (defined,) = (one for one in tree.body if getattr(one, "name", "") == value.__name__)
            needed = set(_of_the_core(tree)).intersection(_annotated(defined))
            assert needed <= set(api.__all__), name


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def _of_the_core(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module defines, or imports from the core."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("leanopt_core"):
            yield from (one.asname or one.name for one in node.names)
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            yield statement.name
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (one.id for one in targets if isinstance(one, ast.Name))


def _annotated(node: ast.stmt) -> Iterator[str]:
    """Yield the names in the annotations of a function, or of a class's public members."""
    if isinstance(node, ast.ClassDef):
        for member in node.body:
            if isinstance(member, ast.AnnAssign) and not _private(member.target):
                yield from _names(member.annotation)
            elif isinstance(member, ast.FunctionDef) and not _private(member):
                yield from _annotated(member)
    elif isinstance(node, ast.FunctionDef):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for annotation in (*(one.annotation for one in every), node.returns):
            yield from _names(annotation) if annotation else ()


def _private(node: ast.FunctionDef | ast.expr) -> bool:
    name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node)
    return name.startswith("_") and name not in ("__call__", "__init__")


def _names(annotation: ast.expr) -> Iterator[str]:
    return (one.id for one in ast.walk(annotation) if isinstance(one, ast.Name))


def _output(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
