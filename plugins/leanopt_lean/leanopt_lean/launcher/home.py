"""Where a program may write: folders of its own, so that no backtest finds another's files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

# LEAN keeps there what it has fetched; all that it reads `UNFOLDING_COLLECTION` data for makes it.
_CACHE = "cache"


@dataclass(frozen=True)
class Home:
    """A current folder, and the environment under which a .NET program writes nowhere else."""

    current: Path
    environment: Mapping[str, str]


@contextmanager
def home(scratch: Path, lean: Path) -> Iterator[Home]:
    """Make a home, a folder for temporary files and a current folder; they go with the context.

    LEAN's current folder is usually its own, which may be another user's or read-only. In this one
    are links to all that lies there. Raises OSError.
    """
    with TemporaryDirectory(prefix="lean-", dir=scratch, ignore_cleanup_errors=True) as folder:
        own, temporary, current = (Path(folder, name) for name in ("home", "tmp", "current"))
        for one in (own, temporary, current):
            one.mkdir()
        for path in lean.iterdir():
            if path.name != _CACHE:
                (current / path.name).symlink_to(path)
        # The user's own caches and settings would be found by these, whatever the home is.
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("XDG_")}
        yield Home(
            current,
            {
                # Its sockets would lie among the temporary files, whose path may be too long.
                "DOTNET_EnableDiagnostics": "0",
                **inherited,
                # LEAN writes and reads numbers as the machine's language has them, unless told.
                "LC_ALL": "C.UTF-8",
                "HOME": str(own),
                "DOTNET_CLI_HOME": str(own),
                "TMPDIR": str(temporary),
            },
        )
