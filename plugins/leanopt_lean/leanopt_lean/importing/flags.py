"""Parses the options of a command line, each with its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from leanopt_core.api import did_you_mean
from leanopt_lean.importing.draft import UNSAID, At, Draft


@frozen
class Flag:
    """An option's long name and its values; an argument has an empty name."""

    name: str
    values: tuple[str, ...]
    at: At


@frozen
class Grammar:
    """A command line's grammar: the number of values of each option, short names, prefixes.

    Options that begin with one of `prefixes` are for data providers: they take a value if one
    follows.
    """

    options: Mapping[str, int]
    short: Mapping[str, str]
    prefixes: tuple[str, ...] = ()


def read_flags(
    words: Sequence[str], grammar: Grammar, command: str, draft: Draft
) -> Iterator[Flag]:
    """Yield the options and arguments; note unknown options and missing values as mistakes."""
    left = list(words)
    only_arguments = False
    while left:
        word = left.pop(0)
        if word == "--" and not only_arguments:
            only_arguments = True
        elif only_arguments or not word.startswith("-") or word == "-":
            yield Flag("", (word,), At(command))
        else:
            flag = _option(word, left, grammar, command, draft)
            if flag is not None:
                yield flag


def _option(
    word: str, left: list[str], grammar: Grammar, command: str, draft: Draft
) -> Flag | None:
    name, equals, value = word.partition("=")
    name = grammar.short.get(name, name)
    at = At(command, (name,))
    if equals:
        left.insert(0, value)
    if name not in grammar.options:
        foreign = name.startswith(grammar.prefixes)
        if equals or (foreign and left and not left[0].startswith("--")):
            left.pop(0)  # never shown: it may be a secret
        if foreign:
            return Flag(name, (), at)
        draft.mistake(At(command), UNSAID, f"no such option: {name}", _meant(name, grammar))
        return None
    count = grammar.options[name]
    values, left[:] = tuple(left[:count]), left[count:]
    if len(values) < count:
        draft.mistake(at, UNSAID, f"expected {count} value{'s' * (count > 1)} behind it")
        return None
    return Flag(name, values, at)


def _meant(name: str, grammar: Grammar) -> str:
    hint = did_you_mean(name, grammar.options)
    return hint if hint.startswith("did") else ""
