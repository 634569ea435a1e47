"""The form of code that `--identity code` hashes: what counts in it, and that it stays the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from leanopt_harness.code_form import code_form

Write = Callable[[str, str], str]
Describe = Callable[..., Any]

SOURCE = '''
"""A strategy."""
from __future__ import annotations

import json as j
from . import other  # comment


class Bar(j.JSONEncoder, metaclass=type):
    """A bar."""

    size: int = 0x10
    empty: None = None

    async def feed(self, /, a, *b, c=1e3, d: "str" = 'it''s', **e) -> ...:
        """Feed it."""
        async with self as f, e["x"]:
            await f
        return [x async for x in a if x is not None][1:, ::2] @ (2.5j - 7)


@decorate
def run(parameters, scenario):
    global size
    try:
        x = f"a{parameters!r:>{size}}b" "c" f"{scenario=}{{"
    except* (ValueError, OSError) as error:
        raise KeyError(b"\\x00q") from error
    else:
        x += lambda *, y=True: (yield)
    finally:
        del x
    match x:
        case {"a": 1, **rest} | [None, *_] if rest:
            pass
        case Bar(size=-1.5):
            assert (y := x), "no"
    while 1 < x <= 10**30:
        continue
    return {**x, 1: {*x}, "é\\ud800": ...}
'''
#: The form of SOURCE, whatever Python runs this test.
GOLDEN = "181e325af9d45ad24b29e2c4c337b9b7e9c0aaa03b7abc0673c0fe5b0249245a"


def test_comments_docstrings_and_layout_do_not_count() -> None:
    """Nor how a text or a number is written."""
    for old, new in (
        ("  # comment", ""),
        ('"""A strategy."""\n', ""),
        ('        """Feed it."""\n', '        """Feed.\n\n        It."""\n\n'),
        ("    size: int", "    # the size\n    size: int"),
        ("0x10", "16"),
        ("1e3", "1_000.0"),
        ("'it''s'", '"its"'),
        ('b" "c" f', 'b" \'\' "c" f'),
        ("(ValueError, OSError)", "(\n        ValueError,\n        OSError,\n    )"),
        ("\\ud800", "\\uD800"),
    ):
        assert old in SOURCE
        changed = SOURCE.replace(old, new)
        assert code_form(changed.encode()) == code_form(SOURCE.encode()), new


def test_code_counts() -> None:
    """Each change of a name, value, operator or statement."""
    forms = {code_form(SOURCE.encode())}
    for old, new in (
        ("2.5j", "2.5"),
        ("1 < x", "1 <= x"),
        ("*, y=True", "y=True"),
        ("y=True", "y=1"),
        ('"no"', "None"),
        ("pass", "return"),
        ("-1.5", "-1.25"),
        ("@decorate\n", ""),
        ("!r", "!s"),
        ("{{", ""),
        (":>{size}", ""),
        ("[1:, ::2]", "[1, ::2]"),
        ("{**x, 1", "{1"),
        ('b"\\x00q"', '"\\x00q"'),
        ("except*", "except"),
        ("global size", "nonlocal_ = size"),
    ):
        assert old in SOURCE
        forms.add(code_form(SOURCE.replace(old, new, 1).encode()))
    assert len(forms) == 17


def test_the_form_is_the_same_under_every_python() -> None:
    """Or the search plan would change with the interpreter."""
    assert hashlib.sha256(code_form(SOURCE.encode())).hexdigest() == GOLDEN


def test_a_deep_tree_has_a_form() -> None:
    """As of a sum of two thousand terms."""
    source = "x = " + " + ".join("1" * 2000)
    assert code_form(source.encode()).count(b"(Add") == 1999


@pytest.mark.long
def test_the_identity_is_by_bytes_or_by_code(describe: Describe, write: Write) -> None:
    """By bytes as long as nothing else is asked for."""
    source = "from leanopt_harness import backtest\n@backtest\ndef run(p, s): return 1\n"
    entry = write("strategy.py", source)
    code = describe(entry, "--identity", "code")
    assert re.fullmatch("[0-9a-f]{64}", code["files"]["strategy.py"])
    plain = describe(entry)
    assert plain["files"] != code["files"]
    write("strategy.py", f"# more\n{source}")
    assert describe(entry, "--identity", "code")["files"] == code["files"]
    assert describe(entry, "--identity", "code")["identity"] == code["identity"]
    assert describe(entry)["files"] != plain["files"]
    write("strategy.py", source.replace("return 1", "return 2"))
    assert describe(entry, "--identity", "code")["files"] != code["files"]
    write("strategy.py", "def broken(:")
    assert describe(entry, "--identity", "code")["fault"]["category"] == "strategy error"
