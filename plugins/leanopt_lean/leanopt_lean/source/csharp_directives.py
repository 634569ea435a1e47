"""C#'s preprocessor: leaves out the lines that the compiler does not see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

#: What `dotnet build -c Release` defines for every project of current LEAN, which targets .NET 10.
RELEASE: Final = frozenset(
    {
        *("TRACE", "RELEASE", "NET", "NET10_0", "NETCOREAPP"),
        *(f"NET{version}_0_OR_GREATER" for version in range(5, 11)),
    }
)
#: Strings and comments, in which `#` is not a directive, then a directive.
_PIECES: Final = re.compile(
    r'("{3,})(?:.|\n)*?\1|\$?@\$?"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?'
    r"|//[^\n]*|/\*(?:.|\n)*?(?:\*/|\Z)|^[^\S\n]*\#[^\n]*",
    re.MULTILINE,
)
_DIRECTIVE: Final = re.compile(r"[^\S\n]*#[^\S\n]*(\w+)([^\n]*)")
_LINE: Final = re.compile(r"^[^\S\n]*#[^\S\n]*(?:if|elif|else|endif)\b[^\n]*", re.MULTILINE)
_WORDS: Final = re.compile(r"\w+|&&|\|\||==|!=|[!()]")


def live(text: str, symbols: Collection[str] = RELEASE) -> str:
    """Return a source with blank lines for directives and for the code that they exclude.

    `symbols` are those that the project defines; `#define` adds to them.
    """
    return "".join(_DirectiveReader(text, symbols).pieces())


class _DirectiveReader:
    """Reads a source; `_open` holds for each `#if` whether this branch runs, and an earlier one."""

    def __init__(self, text: str, symbols: Collection[str]) -> None:
        self._text = text
        self._symbols = set(symbols)
        self._open: list[tuple[bool, bool]] = []

    def pieces(self) -> Iterator[str]:
        at = 0
        while at < len(self._text):
            # In code that is left out, texts and comments need not be closed.
            found = (_PIECES if self._running else _LINE).search(self._text, at)
            here, end = found.span() if found else (len(self._text), len(self._text))
            before = self._text[at:here]
            # The ends of lines stay, so that later locations do.
            yield before if self._running else "\n" * before.count("\n")
            if found and (directive := _DIRECTIVE.match(found[0])):
                self._directive(directive[1], directive[2].partition("//")[0])
            elif found:
                yield found[0]
            at = max(end, at + 1)

    @property
    def _running(self) -> bool:
        return all(now for now, _ in self._open)

    def _directive(self, name: str, rest: str) -> None:
        match name:
            case "if":
                met = _Condition(rest, self._symbols).met()
                self._open.append((met, met))
            case "elif" | "else" if self._open:
                _, before = self._open.pop()
                met = not before and (name == "else" or _Condition(rest, self._symbols).met())
                self._open.append((met, before or met))
            case "endif" if self._open:
                self._open.pop()
            case "define":
                self._symbols.add(rest.strip())
            case "undef":
                self._symbols.discard(rest.strip())


class _Condition:
    """A condition of symbols, `!`, `&&`, `||`, `==`, `!=` and brackets."""

    def __init__(self, text: str, symbols: Collection[str]) -> None:
        self._words = _WORDS.findall(text)[::-1]
        self._symbols = symbols

    def met(self) -> bool:
        """Return whether it is met; an incomplete one is not."""
        value = self._all()
        while self._next("||"):
            # In this order, or a met condition would leave the next one's words unread.
            value = self._all() or value
        return value

    def _all(self) -> bool:
        value = self._equal()
        while self._next("&&"):
            value = self._equal() and value
        return value

    def _equal(self) -> bool:
        value = self._one()
        while sign := self._next("==", "!="):
            value = (value == self._one()) is (sign == "==")
        return value

    def _one(self) -> bool:
        if self._next("!"):
            return not self._one()
        if self._next("("):
            value = self.met()
            self._next(")")
            return value
        word = self._words.pop() if self._words else "false"
        return word == "true" or word in self._symbols

    def _next(self, *words: str) -> str:
        return self._words.pop() if self._words and self._words[-1] in words else ""
