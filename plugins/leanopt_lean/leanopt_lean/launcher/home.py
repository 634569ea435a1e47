"""Where a program may write: folders of its own, so that no backtest finds another's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def home(scratch: Path) -> Iterator[dict[str, str]]:
    """Make a home and a folder for temporary files in `scratch`; they go with the context.

    Yields the environment under which a .NET program uses them. Raises OSError.
    """
    with TemporaryDirectory(prefix="lean-", dir=scratch, ignore_cleanup_errors=True) as folder:
        own, temporary = Path(folder, "home"), Path(folder, "tmp")
        own.mkdir()
        temporary.mkdir()
        # The user's own caches and settings would be found by these, whatever the home is.
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("XDG_")}
        yield {
            # Its sockets would lie among the temporary files, whose path may be too long for them.
            "DOTNET_EnableDiagnostics": "0",
            **inherited,
            # LEAN writes and reads numbers as the machine's language has them, unless told.
            "LC_ALL": "C.UTF-8",
            "HOME": str(own),
            "DOTNET_CLI_HOME": str(own),
            "TMPDIR": str(temporary),
        }
