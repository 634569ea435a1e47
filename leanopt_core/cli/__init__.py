"""The command line: one module a command; prints, decides nothing."""

from __future__ import annotations

import os
import sys

from leanopt_core.cli.streams import ReaderGoneError, make_safe
from leanopt_core.errors import LeanoptError

#: What a command that was interrupted ends with.
INTERRUPTED = 130

#: What an exception that is no LeanoptError ends with: a defect of leanopt itself.
INTERNAL_ERROR = 70

_ON_WINDOWS = (
    "leanopt: leanopt needs Linux or macOS. On Windows it runs in WSL: `wsl --install` in "
    "PowerShell as administrator, then install and run leanopt in the Linux that this sets up."
)


def main() -> None:
    """Run the `leanopt` command and exit with a code by kind of error."""
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
        # As `leanopt runs | head` does.
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("LEANOPT_DEBUG"):
            raise
        _say(f"this is a defect of leanopt: {type(error).__name__}: {error}")
        _say("LEANOPT_DEBUG=1 shows where it happened")
        sys.exit(INTERNAL_ERROR)


def _say(text: str) -> None:
    from leanopt_core.cli.output import plain

    print(f"leanopt: {plain(text)}", file=sys.stderr)


def _unraisable(dropped: sys.UnraisableHookArgs, /) -> None:
    """Say nothing of a Ctrl-C that came where Python can only drop it, as in a finaliser."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
