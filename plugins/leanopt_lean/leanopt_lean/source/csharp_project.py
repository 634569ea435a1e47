"""Reads a C# project's files for its symbols and the sources that it compiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from leanopt_lean.source.csharp_directives import RELEASE

#: The files in the project's folder that MSBuild reads before and after the project's file.
BEFORE, AFTER = "Directory.Build.props", "Directory.Build.targets"
_GROUP: Final = re.compile(r"<(PropertyGroup|ItemGroup)\b([^>]*)>(.*?)</\1\s*>", re.DOTALL)
_DEFINED: Final = re.compile(r"<DefineConstants\b([^>]*)>([^<]*)<")
_COMPILED: Final = re.compile(r"<Compile\b([^>]*)>")
_RULE: Final = re.compile(r"\b(Remove|Include)\s*=\s*[\"']([^\"']*)[\"']")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_HERE: Final = re.compile(r"\$\(MSBuild(?:Project|ThisFile)Directory\)[/\\]?", re.IGNORECASE)
#: Parts of a pattern, as regular expressions.
_GLOB: Final = re.compile(r"\*\*/?|\*|\?|.", re.DOTALL)
_MEANS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def defined(files: Iterable[str]) -> frozenset[str]:
    """Return the symbols that a build for release defines by the texts of a project's files."""
    found = set(RELEASE)
    for one, _ in _found(files, _DEFINED):
        found.update(word.strip() for word in re.split("[;,]", one[2]))
    return frozenset(found)


def compiled(names: Iterable[str], files: Sequence[str]) -> list[str]:
    """Return which of these sources are compiled: all, except those that the project removes.

    `files` are the texts of the project's file and of those read after it: what is removed earlier,
    the SDK adds again.
    """
    rules = [
        (kind == "Include", _pattern(one.strip()))
        for element, attributes in _found(files, _COMPILED)
        # Items removed under another condition may be there.
        if "condition" not in attributes or "release" in attributes
        for kind, patterns in _RULE.findall(element[1])
        for one in patterns.split(";")
    ]
    return [
        name
        for name in names
        if next((kept for kept, pattern in reversed(rules) if pattern.fullmatch(name)), True)
    ]


def _found(files: Iterable[str], what: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Yield what is found in groups of properties and items, with the attributes around it.

    Those for debugging only are left out.
    """
    for text in files:
        for _, where, group in _GROUP.findall(_COMMENT.sub("", text)):
            for one in what.finditer(group):
                attributes = f"{where}{one[1]}".lower()
                if "debug" not in attributes:
                    yield one, attributes


def _pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for an MSBuild pattern, which ignores case."""
    plain = _HERE.sub("", pattern).replace("\\", "/").removeprefix("./")
    words = (_MEANS.get(part, re.escape(part)) for part in _GLOB.findall(plain))
    return re.compile("".join(words), re.IGNORECASE)
