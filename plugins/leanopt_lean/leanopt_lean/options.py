"""The options of the `lean` engine in `[strategy]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen
from attrs.validators import optional

from leanopt_lean.config import OWN_KEYS

#: The built-in harnesses: one LEAN that stays in memory, and LEAN's own Launcher.
WARM: Final = "warm"
LAUNCHER: Final = "launcher"


def _absolute(_instance: object, _attribute: Attribute[Any], path: str) -> None:
    if not PurePosixPath(path).is_absolute():
        raise ValueError("expected an absolute path where workers run")


@frozen
class LeanStrategy:
    """A LEAN project in Python or C#: its folder, LEAN's data, and the LEAN that runs it."""

    project: Path = field(metadata={"help": "folder of main.py, or of C# sources and a .csproj"})
    data: Path = field(metadata={"help": "LEAN's data folder"})
    algorithm: str | None = field(
        default=None, metadata={"help": "class of the algorithm, if the source has several"}
    )
    launcher: str = field(
        default="/Lean/Launcher/bin/Debug",
        validator=_absolute,
        metadata={"help": "folder of QuantConnect.Lean.Launcher.dll where workers run"},
    )
    harness: Literal["warm", "launcher"] | tuple[str, ...] = field(
        default="warm",
        metadata={
            "help": "what runs backtests: warm (one LEAN per worker, kept in memory), launcher "
            "(LEAN's Launcher, once per backtest), or the command of another harness"
        },
    )
    rolling_windows: bool = field(
        default=False,
        metadata={"help": "make warm LEAN compute its rolling-window statistics too"},
    )
    build_network: bool = field(
        default=False, metadata={"help": "let the compiler download the project's packages"}
    )
    python_venv: str | None = field(
        default=None,
        validator=optional(_absolute),
        metadata={"help": "virtual environment of a Python strategy where workers run"},
    )
    object_store: Path | None = field(
        default=None,
        metadata={
            "help": "folder whose files LEAN's object store holds when a backtest begins (default: "
            "empty store)"
        },
    )
    check_data: bool = field(
        default=True, metadata={"help": "check the data that backtests need before the first one"}
    )
    data_files: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "patterns or folders of the data that affects results (default: those that the "
            "source shows)"
        },
    )
    config: Mapping[str, Any] = field(
        factory=dict, metadata={"help": "further keys for LEAN's config.json"}
    )

    @harness.validator
    def _check_harness(self, _attribute: object, harness: str | tuple[str, ...]) -> None:
        if not harness:
            raise ValueError('expected "warm", "launcher" or a command; "warm" is the default')

    @object_store.validator
    def _check_store(self, _attribute: object, store: Path | None) -> None:
        if store is not None and not isinstance(self.harness, str):
            raise ValueError('only the harnesses "warm" and "launcher" support it')

    @config.validator
    def _check_config(self, _attribute: object, config: Mapping[str, Any]) -> None:
        if taken := sorted(OWN_KEYS & set(config)):
            raise ValueError(f"leanopt sets {', '.join(map(repr, taken))} itself")
