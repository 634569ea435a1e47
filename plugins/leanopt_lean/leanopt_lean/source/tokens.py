"""C#'s tokens: comments, directives and every kind of text told apart from code."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from attrs import frozen

_SPACE: Final = re.compile(r"[^\S\n]+|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"#[^\n]*")
_NAME: Final = re.compile(r"@?[^\W\d]\w*")
_NUMBER: Final = re.compile(
    r"0[xX][\da-fA-F_]+[uUlL]*|0[bB][01_]+[uUlL]*"
    r"|(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?[a-zA-Z]*"
)
_OPERATOR: Final = re.compile(
    r"\?\?=|<<=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|::|->|\+\+|--|[-+*/%&|^]=|\.\.|."
)
_TEXT: Final = re.compile(r'(?:\$+@?|@\$?)?"')
_CHARACTER: Final = re.compile(r"'(?:\\[^\n]+?|[^'\\\n])'")
#: So many quotes begin a raw text.
_RAW: Final = 3
_RUN: Final = re.compile(r'"+|\{+')
_QUOTES: Final = re.compile('"*')
_FORMAT: Final = re.compile(r':(?!:)[^}"\n]*')
_ESCAPE: Final = re.compile(r"\\(u[\da-fA-F]{4}|U[\da-fA-F]{8}|x[\da-fA-F]{1,4}|[^\n])")
_ESCAPES: Final = {"0": "\0", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
                   "v": "\v", "e": "\x1b"}  # fmt: skip


@frozen
class Token:
    """A token: `kind` is name, number, text or operator.

    The pieces of a text are its words and, where it is interpolated, the tokens of each hole.
    """

    kind: str
    text: str
    line: int
    pieces: tuple[str | tuple[Token, ...], ...] = ()


def tokens(text: str) -> list[Token]:
    """Return the tokens of a source; what is no C# becomes some token, never an error."""
    return list(
        _Reader(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")).all()
    )


class _Reader:
    """Reads from front to back; holes of interpolated texts are read by the same reader."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1

    def all(self) -> Iterator[Token]:
        fresh = True
        while self._at < len(self._text):
            if self._text[self._at] == "\n":
                fresh = True
                self._skip(1)
            elif space := _SPACE.match(self._text, self._at):
                self._skip(len(space[0]))
            elif fresh and (directive := _DIRECTIVE.match(self._text, self._at)):
                self._skip(len(directive[0]))
            else:
                fresh = False
                yield self._token()

    def _skip(self, length: int) -> str:
        """Go on, counting lines; returns what was passed."""
        passed = self._text[self._at : self._at + length]
        self._line += passed.count("\n")
        self._at += length
        return passed

    def _token(self) -> Token:
        line = self._line
        if opened := _TEXT.match(self._text, self._at):
            return Token("text", "", line, tuple(self._pieces(opened[0])))
        for kind, pattern in (("text", _CHARACTER), ("name", _NAME), ("number", _NUMBER)):
            if found := pattern.match(self._text, self._at):
                self._skip(len(found[0]))
                if kind == "text":
                    return Token(kind, "", line, (_unescaped(found[0][1:-1]),))
                return Token(kind, found[0].removeprefix("@"), line)
        found = _OPERATOR.match(self._text, self._at)
        return Token("operator", self._skip(len(found[0]) if found else 1), line)

    def _pieces(self, opened: str) -> Iterator[str | tuple[Token, ...]]:
        quotes = _QUOTES.match(self._text, self._at + len(opened) - 1)
        count = len(quotes[0]) if quotes else 1
        holes = opened.count("$")
        if count >= _RAW and "@" not in opened:
            self._skip(len(opened) - 1 + count)
            yield from self._raw(count, holes)
        else:
            self._skip(len(opened))
            yield from self._plain(verbatim="@" in opened, holes=bool(holes))

    def _plain(self, *, verbatim: bool, holes: bool) -> Iterator[str | tuple[Token, ...]]:
        """Read a text up to its quote; one that is not verbatim ends with its line at last."""
        words = ""
        while self._at < len(self._text):
            two = self._text[self._at : self._at + 2]
            if two == '""' and verbatim:
                words += self._skip(2)[:1]
            elif two[0] == '"' or (two[0] == "\n" and not verbatim):
                self._skip(1 if two[0] == '"' else 0)
                break
            elif two[0] == "\\" and not verbatim:
                found = _ESCAPE.match(self._text, self._at)
                words += _unescaped(self._skip(len(found[0]) if found else 1))
            elif holes and two in ("{{", "}}"):
                words += self._skip(2)[:1]
            elif holes and two[0] == "{":
                yield words
                words = ""
                self._skip(1)
                yield tuple(self._hole(1))
            else:
                words += self._skip(1)
        yield words

    def _raw(self, quotes: int, holes: int) -> Iterator[str | tuple[Token, ...]]:
        """Read a raw text: no escapes, as many braces to a hole as there are `$`."""
        words, pieces = "", list[str | tuple[Token, ...]]()
        while self._at < len(self._text):
            run = _RUN.match(self._text, self._at)
            length = len(run[0]) if run else 0
            if length >= quotes and self._text[self._at] == '"':
                words += self._skip(length)[quotes:]
                break
            if holes and length >= holes and self._text[self._at] == "{":
                pieces += [words + self._skip(length)[holes:], tuple(self._hole(holes))]
                words = ""
            else:
                words += self._skip(max(length, 1))
        yield from _dedented([*pieces, words])

    def _hole(self, braces: int) -> Iterator[Token]:
        """Yield the tokens of a hole; the format behind its colon is passed over."""
        depth = 0
        while self._at < len(self._text):
            if self._text[self._at] == "\n":
                self._skip(1)
            elif space := _SPACE.match(self._text, self._at):
                self._skip(len(space[0]))
            elif not depth and self._text[self._at] == "}":
                self._skip(braces)
                return
            elif not depth and (form := _FORMAT.match(self._text, self._at)):
                self._skip(len(form[0]))
            else:
                token = self._token()
                one = token.text if token.kind == "operator" else ""
                depth += (one in ("(", "[", "{")) - (one in (")", "]", "}"))
                yield token


def _unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= sys.maxunicode else ""
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(plain, text)


def _dedented(pieces: list[str | tuple[Token, ...]]) -> list[str | tuple[Token, ...]]:
    """Take off the margin that the closing quotes' line sets, and the first and last line's end."""
    first, last = pieces[0], pieces[-1]
    margin = re.search(r"\n([^\S\n]*)\Z", last) if isinstance(last, str) else None
    if margin is None or not isinstance(first, str) or not re.match(r"[^\S\n]*\n", first):
        return pieces
    words = [one.replace(margin[0], "\n") if isinstance(one, str) else one for one in pieces]
    words[0] = str(words[0]).partition("\n")[2]
    words[-1] = str(words[-1]).rpartition("\n")[0]
    return words
