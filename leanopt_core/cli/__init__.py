"""The command line: one module per command. It prints; the decisions are made elsewhere."""

from __future__ import annotations

import os
import sys

from leanopt_core.cli.streams import ReaderGoneError, make_safe
from leanopt_core.errors import LeanoptError

#: Exit code of a command that was interrupted.
INTERRUPTED = 130

#: Exit code for an exception that is not a LeanoptError: a bug in leanopt.
INTERNAL_ERROR = 70

_ON_WINDOWS = (
    "leanopt: leanopt needs Linux or macOS. On Windows, use WSL: run `wsl --install` in "
    "PowerShell as administrator, then install and run leanopt in that Linux."
)


def main() -> None:
    """Run the `leanopt` command; the exit code tells the kind of error."""
    if sys.platform == "win32":
        sys.exit(_ON_WINDOWS)
    make_safe()
    sys.unraisablehook = _unraisable
    try:
        from leanopt_core.cli.group import leanopt

        leanopt(prog_name="leanopt")
    except LeanoptError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except ReaderGoneError:
        # As in `leanopt runs | head`.
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("LEANOPT_DEBUG"):
            raise
        _say(f"this is a bug in leanopt: {type(error).__name__}: {error}")
        _say("set LEANOPT_DEBUG=1 to see the traceback")
        sys.exit(INTERNAL_ERROR)


def _say(text: str) -> None:
    from leanopt_core.cli.output import plain

    print(f"leanopt: {plain(text)}", file=sys.stderr)


def _unraisable(dropped: sys.UnraisableHookArgs, /) -> None:
    """Hide a Ctrl-C that arrived where Python can only drop it, such as in a finaliser."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
