"""The harnesses that run LEAN: the warm one, the Launcher's, or a user's command."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import leanopt_harness
from attrs import evolve, frozen

from leanopt_core.api import Launch, Mount, StrategyError, canonical_json
from leanopt_lean.build import Built
from leanopt_lean.options import LAUNCHER, WARM, LeanStrategy
from leanopt_lean.snapshot import files_of, hash_files

_PYTHON_HARNESS: Final = Path(leanopt_harness.__file__).resolve().parent
_PACKAGE: Final = Path(__file__).resolve().parent
_LAUNCHER: Final = _PACKAGE / "launcher"
#: The C# harness's sources: in a wheel, or in a checkout of the repository.
_CSHARP: Final = (_PACKAGE / "csharp", _PACKAGE.parents[2] / "harness" / "csharp")
_ASSEMBLY: Final = "LeanoptHarness.dll"
# .NET's own files stay in the worker's scratch folder.
_HOME: Final = {
    "HOME": "{scratch}",
    "TMPDIR": "{scratch}",
    "DOTNET_CLI_HOME": "{scratch}",
    "DOTNET_EnableDiagnostics": "0",
}
_WARM_ABILITIES: Final = frozenset(
    {"config", "statistics", "read", "equity", "trades", "dates", "cash", "warmup", "document"}
)
# Measured over 5,000 backtests: .NET's memory settles after about a hundred.
_SETTLED_AFTER: Final = 100
_GROWTH: Final = 512 * 2**20
_CSHARP_MEMORY: Final = (4 * 2**30, "LEAN with a strategy in C#; files in /tmp count")
# TensorFlow and torch, which LEAN's image has, take nearly 4 GiB, besides LEAN itself and /tmp.
_PYTHON_MEMORY: Final = (
    6 * 2**30,
    "LEAN with Python, whose largest packages take nearly 4 GiB; files in /tmp count",
)
_BRACES: Final = re.compile(r"\{(\w+)\}")
#: How to run without the warm harness.
WAY_OUT: Final = "--set strategy.harness=launcher starts LEAN's Launcher for each backtest instead"


@frozen
class Harness:
    """How workers run a strategy.

    `identity` is what can affect results besides the strategy and LEAN; `words` describe the
    harness to the user.
    """

    launch: Launch
    identity: object
    words: str


def abilities_of(options: LeanStrategy) -> frozenset[str]:
    """Return the harness's abilities, as far as they are known before its hello."""
    if options.harness == WARM:
        return _WARM_ABILITIES
    # Until a user's harness says hello, assume that it can set all scenario fields.
    return frozenset({"config"} if options.harness == LAUNCHER else {"scenario", "warmup"})


def harness_of(
    options: LeanStrategy,
    file: str,
    seen: Mapping[str, Path],
    compiled: Callable[[Path], Built],
) -> Harness:
    """Return the harness for a strategy's `file`; `compiled` compiles sources.

    `seen` are the folders that it sees: `build` (of the file), `data`, and `store` if the object
    store has initial content.

    Raises StrategyError if the warm harness cannot be compiled.
    """
    mounts = tuple(Mount(name, path) for name, path in seen.items())
    store = ("--store", "{store}") if "store" in seen else ()
    if options.harness == WARM:
        harness = _warm(options, file, mounts, store, _compiled(compiled))
    elif options.harness == LAUNCHER:
        harness = _launcher(options, mounts, store)
    else:
        command = tuple(options.harness)
        harness = Harness(Launch(command, mounts), list(command), f"command: {command[0]}")
    memory, why = _PYTHON_MEMORY if file.endswith(".py") else _CSHARP_MEMORY
    return evolve(harness, launch=evolve(harness.launch, memory=memory, memory_why=why))


def _compiled(compiled: Callable[[Path], Built]) -> Built:
    try:
        return compiled(csharp_sources())
    except StrategyError as error:
        raise StrategyError(f"the warm harness cannot be compiled: {error}\n{WAY_OUT}") from None


def _warm(
    options: LeanStrategy,
    file: str,
    seen: tuple[Mount, ...],
    store: tuple[str, ...],
    built: Built,
) -> Harness:
    paths = {"--lean": options.launcher, "--strategy": f"{{build}}/{file}", "--data": "{data}"}
    words = [word for option in paths.items() for word in option]
    venv = {"python-venv": options.python_venv} if options.python_venv else {}
    config = {**options.config, **venv}
    shared = ("--config", _escaped(config)) if config else ()
    rolling = ("--rolling-windows",) if options.rolling_windows else ()
    command = ("dotnet", f"{{harness}}/{_ASSEMBLY}", *words, *store, *shared, *rolling)
    launch = Launch(
        command,
        (*seen, Mount("harness", built.path)),
        _HOME,
        settled_after=_SETTLED_AFTER,
        recycle_growth=_GROWTH,
    )
    return Harness(launch, [built.key, options.rolling_windows], f"warm ({built.path})")


def _launcher(options: LeanStrategy, seen: tuple[Mount, ...], store: tuple[str, ...]) -> Harness:
    mounts = (*seen, Mount("harness", _PYTHON_HARNESS), Mount("launcher", _LAUNCHER))
    paths = ("--harness", "{harness}", "--folder", options.launcher, *store)
    content = [hash_files(files_of(folder)) for folder in (_PYTHON_HARNESS, _LAUNCHER)]
    words = "LEAN's Launcher, one process per backtest"
    return Harness(Launch(("{python}", "{launcher}", *paths), mounts), content, words)


def _escaped(config: Mapping[str, object]) -> str:
    """Return JSON in which no text looks like a placeholder."""
    return _BRACES.sub(r"\\u007b\1}", canonical_json(dict(config)))


def csharp_sources() -> Path:
    """Return the folder of the C# harness's sources; raises StrategyError if it is missing."""
    for folder in _CSHARP:
        if folder.is_dir():
            return folder
    raise StrategyError(
        f"the sources of the C# harness are missing in {_CSHARP[0]}; reinstall leanopt-lean"
    )
