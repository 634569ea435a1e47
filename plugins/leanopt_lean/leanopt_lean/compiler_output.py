"""Reads what `dotnet build` prints: every error once, with file and line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from attrs import frozen

# `/project/Algo.cs(12,5): error CS0103: text [/project/Algo.csproj]`; MSBuild and NuGet say no
# position, and as `CSC : error CS5001: text` no file.
_ERROR = re.compile(
    r"\s*(?P<file>\S.*?)(?:\((?P<line>\d+)(?:,(?P<column>\d+))?[\d,]*\))?\s*:\s"
    r"(?:[\w ]+ )?error (?P<code>[A-Za-z]+\d+)\s*:\s*(?P<text>.*?)\s*(?:\[[^\]]*\])?\s*"
)


@frozen(order=True)
class CompilerError:
    """One error: the file (relative where it is the project's), where in it (0: not said)."""

    file: str
    line: int
    column: int
    code: str
    text: str

    def __str__(self) -> str:
        """Return it as compilers print it."""
        where = f"({self.line},{self.column})" if self.line else ""
        return f"{self.file}{where}: error {self.code}: {self.text}"


def compiler_errors(output: str, names: Collection[str] = ()) -> tuple[CompilerError, ...]:
    """Return all errors in the output, each once, by file and line.

    `names` are the project's files, relative to it: a path that ends in one is shown as it.
    """
    return tuple(sorted(set(_errors(output, names))))


def _errors(output: str, names: Collection[str]) -> Iterator[CompilerError]:
    for line in output.splitlines():
        if match := _ERROR.fullmatch(line):
            yield CompilerError(
                _relative(match["file"], names),
                int(match["line"] or 0),
                int(match["column"] or 0),
                match["code"],
                match["text"],
            )


def _relative(path: str, names: Collection[str]) -> str:
    """Return the longest end of a path that is one of the project's files, else the path."""
    parts = path.replace("\\", "/").split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in names), path)
