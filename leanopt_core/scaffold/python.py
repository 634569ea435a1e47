"""Draft a pipeline for a Python strategy from its function, its reads and its results."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import frozen

from leanopt_core.errors import UsageError
from leanopt_core.scaffold.document import Line
from leanopt_core.scaffold.draft import Draft, InitWish
from leanopt_core.scaffold.reads import LiteralValue, Read, literal, merged, reads_of

_SCENARIO: Final = "Scenario"
_PARAMETERS: Final = "Parameters"


@frozen
class StrategySource:
    """What the source has: `statistics` are the names returned, `lean` means all of LEAN's."""

    file: Path
    function: str
    parameters: tuple[Read, ...]
    scenario: tuple[str, ...]
    statistics: tuple[str, ...] = ()
    lean: bool = False


@frozen
class _Module:
    tree: ast.Module
    constants: Mapping[str, LiteralValue]


def read_source(file: Path) -> StrategySource:
    """Read a strategy's file and the files of its folder that it imports.

    Raises UsageError if the file does not exist, is not Python, or has no function marked
    `@backtest`.
    """
    modules = list(_modules(file, set()))
    function = _marked(modules[0].tree, file)
    names = [argument.arg for argument in function.args.args]
    handed = _named(modules, names[:1], _PARAMETERS)
    scenarios = _named(modules, names[1:2], _SCENARIO)
    reads = [read for one in modules for read in reads_of(one.tree, one.constants, handed)]
    return StrategySource(
        file,
        function.name,
        merged(reads),
        tuple(dict.fromkeys(a for module in modules for a in _attributes(module, scenarios))),
        tuple(dict.fromkeys(key for module in modules for key in _statistics(module))),
        any(_calls(node, "lean_result") for module in modules for node in ast.walk(module.tree)),
    )


def _modules(file: Path, seen: set[Path]) -> Iterator[_Module]:
    """Yield a file's module, then the modules of its folder that it imports."""
    seen.add(file)
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{file} is not Python source: {error}") from None
    yield _Module(tree, _constants(tree))
    for name in _imported(tree):
        beside = file.parent / f"{name.replace('.', '/')}.py"
        if beside.is_file() and beside not in seen:
            yield from _modules(beside, seen)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _constants(tree: ast.Module) -> dict[str, LiteralValue]:
    """Return the module's names that are assigned a literal."""
    found = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = literal(getattr(node, "value", None), {})
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                found[target.id] = value
    return found


def _marked(tree: ast.Module, file: Path) -> ast.FunctionDef:
    """Return the function with `@backtest` on it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                name = mark.attr if isinstance(mark, ast.Attribute) else getattr(mark, "id", None)
                if name == "backtest":
                    return node
    raise UsageError(
        f"{file} has no function marked @backtest; a strategy looks like this:\n"
        "  from leanopt_harness import Parameters, Result, Scenario, backtest\n\n"
        "  @backtest\n"
        "  def run(parameters: Parameters, scenario: Scenario) -> Result:\n"
        '      return Result({"Net Profit": parameters.get("fast", 10) / 100})'
    )


def _named(modules: list[_Module], first: list[str], annotation: str) -> set[str]:
    """Return the names under which functions receive the same object."""
    names = set(first)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.arg) and node.annotation is not None:
                written = ast.unparse(node.annotation).strip("'\"").rpartition(".")[2]
                names |= {node.arg} if written == annotation else set()
    return names


def _attributes(module: _Module, of: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in of:
                yield attribute


def _calls(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            return called == name
    return False


def _statistics(module: _Module) -> Iterator[str]:
    """Yield the text keys of the argument of `Result`."""
    for node in ast.walk(module.tree):
        if _calls(node, "Result") and isinstance(node, ast.Call):
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "statistics")]
            for table in (one for one in given if isinstance(one, ast.Dict)):
                for key in table.keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value


#: The known keys of a scenario, with examples.
EXAMPLES: Final = MappingProxyType(
    {"start": date(2010, 1, 4), "end": date(2019, 12, 31), "cash": 100_000}
)
_OWN: Final = ("name", "symbol", "data", *EXAMPLES)
_EXAMPLE: Final = 'parameters["fast"] or parameters.get("fast", 10)'


def draft(wish: InitWish) -> Draft:
    """Return the draft of a pipeline; raises UsageError if the path is not a strategy."""
    file = _only(wish.strategy) if wish.strategy.is_dir() else wish.strategy
    if wish.algorithm is not None:
        raise UsageError(f"--algorithm is only for LEAN projects; {file} is not one")
    source, folder = read_source(file), wish.folder
    stem = source.file.stem
    return Draft(
        source.file.resolve().parent.name if stem in ("strategy", "main") else stem,
        str(file),
        _EXAMPLE,
        tuple(_strategy(source, folder)),
        tuple(_scenario(source)),
        source.parameters,
        source.statistics,
        source.lean,
    )


def _only(folder: Path) -> Path:
    """Return the only strategy of a folder."""
    found = []
    for file in sorted(folder.glob("*.py")):
        try:
            read_source(file)
        except UsageError:
            continue
        found.append(file)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise UsageError(
            f"choose one file in {folder}; files with a function marked @backtest: {names}"
        )
    return found[0]


def path_from(folder: Path, path: Path) -> str:
    """Return a path relative to a pipeline in `folder`."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _strategy(source: StrategySource, folder: Path) -> Iterator[Line]:
    yield Line("entry", f"{path_from(folder, source.file)}:{source.function}")
    if "data" in source.scenario:
        data = source.file.resolve().parent / "data"
        there = "the strategy reads it as scenario.data"
        absent = "the strategy reads scenario.data: set the path of the data"
        known = data.exists()
        yield Line("data", path_from(folder, data), there if known else absent, off=not known)


def _scenario(source: StrategySource) -> Iterator[Line]:
    if "symbol" in source.scenario:
        yield Line("symbol", "SPY", "the strategy reads scenario.symbol: set your symbol")
    for name, example in EXAMPLES.items():
        if name in source.scenario:
            yield Line(name, example, off=True)
    for name in source.scenario:
        if name not in _OWN:
            yield Line(name, "...", f"the strategy reads scenario.{name}", off=True)
