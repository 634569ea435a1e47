"""C#'s tokens with what stands between brackets folded into one item, type arguments left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from leanopt_lean.source.tokens import Token

_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
#: What type arguments are made of, and what may follow them.
_IN_TYPES: Final = (".", ",", "?", "::", "[", "]", "(", ")")
_BEHIND_TYPES: Final = (*"()[]{},;.?:", ">", "=>", "=", "==", "!=", "&&", "||")


@frozen
class Group:
    """What stands between two brackets; `open` is the first of them."""

    open: str
    items: tuple[Item, ...]
    line: int


Item = Token | Group


def grouped(tokens: Sequence[Token]) -> tuple[Item, ...]:
    """Return tokens in groups; a bracket without its partner ends nothing."""
    stack: list[tuple[str, int, list[Item]]] = [("", 0, [])]
    for token in _untyped(tokens):
        if operator(token, *_PAIRS):
            stack.append((token.text, token.line, []))
        elif operator(token, *_PAIRS.values()):
            opened = [place for place, one in enumerate(stack) if _PAIRS.get(one[0]) == token.text]
            while opened and len(stack) > opened[-1]:
                _close(stack)
        else:
            stack[-1][2].append(token)
    while len(stack) > 1:
        _close(stack)
    return tuple(stack[0][2])


def _close(stack: list[tuple[str, int, list[Item]]]) -> None:
    opened, line, items = stack.pop()
    stack[-1][2].append(Group(opened, tuple(items), line))


def _untyped(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield tokens without the type arguments behind a name."""
    at = 0
    while at < len(tokens):
        yield tokens[at]
        at += 1
        if tokens[at - 1].kind == "name" and at < len(tokens) and operator(tokens[at], "<"):
            at = _behind_types(tokens, at) or at


def _behind_types(tokens: Sequence[Token], at: int) -> int | None:
    """Return where type arguments that begin here end, None where these are none."""
    depth = 0
    for place in range(at, len(tokens)):
        token = tokens[place]
        if operator(token, "<", ">"):
            depth += 1 if token.text == "<" else -1
        elif token.kind != "name" and not operator(token, *_IN_TYPES):
            return None
        if not depth:
            after = tokens[place + 1] if place + 1 < len(tokens) else None
            fits = after is None or after.kind == "name" or operator(after, *_BEHIND_TYPES)
            return place + 1 if fits else None
    return None


def operator(item: Item | None, *texts: str) -> bool:
    """Say whether an item is one of these operators."""
    return isinstance(item, Token) and item.kind == "operator" and item.text in texts


def word(item: Item | None, *texts: str) -> bool:
    """Say whether an item is a name, and one of these where some are given."""
    return isinstance(item, Token) and item.kind == "name" and (not texts or item.text in texts)


def group(item: Item | None, opened: str) -> bool:
    """Say whether an item is a group of this bracket."""
    return isinstance(item, Group) and item.open == opened


def split(items: Sequence[Item], *texts: str) -> list[Sequence[Item]]:
    """Return the runs of items between these operators; none where there are no items."""
    if not items:
        return []
    ends = [place for place, item in enumerate(items) if operator(item, *texts)]
    starts = [0, *(end + 1 for end in ends)]
    return [items[start:end] for start, end in zip(starts, [*ends, len(items)], strict=True)]


def find(items: Sequence[Item], *texts: str) -> int | None:
    """Return where the first of these operators is."""
    return next((place for place, item in enumerate(items) if operator(item, *texts)), None)
