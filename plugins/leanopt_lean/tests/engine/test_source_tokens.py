"""C#'s tokens: whatever stands in texts and comments, code is told apart from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leanopt_lean.source.csharp import read_csharp
from leanopt_lean.source.syntax import Call, Literal, walk
from leanopt_lean.source.tokens import Token, tokens

#: What would mislead a reader that takes texts for code or code for texts.
NOISE = ('GetParameter("no")', '"', "'", "\\", "{", "}", "/*", "*/", "//", "@", "$", "\n", "#if",
         '"""', "{{", "[Parameter]", ";", "é", "x")  # fmt: skip
texts = st.lists(st.sampled_from(NOISE), max_size=8).map("".join)


def regular(text: str) -> str:
    """Write a text as `"..."`."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def verbatim(text: str) -> str:
    """Write a text as `@"..."`."""
    return '@"' + text.replace('"', '""') + '"'


def braced(text: str) -> str:
    """Write braces twice."""
    return text.replace("{", "{{").replace("}", "}}")


def raw(text: str) -> str:
    """Write a text as a raw one of several lines, indented."""
    quotes = '"' * max(3, longest(text) + 1)
    lines = text.split("\n")
    return f"{quotes}\n" + "".join(f"    {line}\n" for line in lines) + f"    {quotes}"


def longest(text: str) -> int:
    """Return how many quotes stand side by side at most."""
    return max((len(run) for run in text.translate(NOT_QUOTES).split(" ")), default=0)


NOT_QUOTES = {ord(c): " " for noise in NOISE for c in noise if c != '"'}
FORMS = {
    "regular": regular,
    "verbatim": verbatim,
    "interpolated": lambda text: "$" + regular(braced(text)),
    "verbatim interpolated": lambda text: "$" + verbatim(braced(text)),
    "interpolated verbatim": lambda text: "@$" + verbatim(braced(text))[1:],
    "raw": raw,
}
COMMENTS = {
    "line": lambda text: "// " + text.replace("\n", " ") + "\n",
    "block": lambda text: "/* " + text.replace("*/", "* /") + " */",
    "directive": lambda text: "\n#region " + text.replace("\n", " ") + "\n",
}


def said(token: Token) -> str:
    """Return a text's words where it has no holes."""
    assert token.kind == "text"
    return "".join(one for one in token.pieces if isinstance(one, str))


@given(st.sampled_from(sorted(FORMS)), texts)
def test_a_text_says_what_was_written(form: str, text: str) -> None:
    """In whatever form it is written, and nothing behind it is lost."""
    found = tokens(f"a = {FORMS[form](text)}; b")
    assert [one.text for one in found if one.kind != "text"] == ["a", "=", ";", "b"]
    assert said(found[2]) == text


pieces = st.one_of(
    st.builds(lambda form, text: FORMS[form](text), st.sampled_from(sorted(FORMS)), texts),
    st.builds(lambda kind, text: COMMENTS[kind](text), st.sampled_from(sorted(COMMENTS)), texts),
    st.sampled_from(["'\"'", "'\\''", "'{'", "x.y", "(a + 1)", "[2]", "1_0.5m"]),
)


@given(st.lists(pieces, max_size=6))
def test_only_code_calls(written: list[str]) -> None:
    """Between all that may stand there, the calls in the code are found, each once, on its line."""
    body, expected, line = "class A { void B() {\n", [], 2
    for number, piece in enumerate(written):
        body += f'C({piece}\n, GetParameter("p{number}")\n);\n'
        line += piece.count("\n") + 1
        expected.append((f"p{number}", line))
        line += 2
    assert list(called(body + "} }")) == expected


def called(text: str) -> Iterator[tuple[object, int]]:
    """Yield the names that calls of GetParameter are given, and their lines."""
    for statement in read_csharp("A.cs", text).statements:
        for one, _ in walk(statement.value):
            if isinstance(one, Call) and one.name == "GetParameter":
                value = one.arguments[0].value
                assert isinstance(value, Literal)
                yield value.value, one.place.line


@pytest.mark.parametrize(
    "text",
    [
        '$"a {GetParameter("x")} b"',
        '$"{(c ? GetParameter("x") : "}"):0.0}"',
        '$@"{d["k"]}{GetParameter("x")}"',
        '$"""a "{GetParameter("x")}" """',
        '$$"""{not} {{GetParameter("x")}}"""',
        '$"{$"{GetParameter("x")}"}"',
        '$"{{no}}{new[] { GetParameter("x") }[0]}"',
    ],
)
def test_holes_of_texts_are_code(text: str) -> None:
    """Also inside other texts; a format behind a colon is none."""
    assert list(called(f"class A {{ void B() {{ var s = {text}; }} }}")) == [("x", 1)]


@given(st.text() | texts)
def test_anything_is_read_somehow(text: str) -> None:
    """An unfinished source is no error; tokens stand in the order of their lines."""
    lines = [one.line for one in tokens(text)]
    assert lines == sorted(lines)
    assert not lines or lines[-1] <= text.count("\n") + text.count("\r") + 1
    read_csharp("A.cs", text)


def test_escapes_and_numbers() -> None:
    """As C# has them: surrogates too, suffixes, hexadecimal."""
    unit = read_csharp("A.cs", r'class A { object B = F("\u0041\x42\U00000043\t\ud83d\ude00"); }')
    call = unit.statements[0].value
    assert isinstance(call, Call)
    assert call.arguments[0].value == Literal("ABC\t😀")
    kinds = [(one.kind, one.text) for one in tokens("1_000 0x1F .5 1e-3 2.5m 1..2 a?.b ?? c")]
    assert [text for kind, text in kinds if kind == "number"] == [
        "1_000", "0x1F", ".5", "1e-3", "2.5m", "1", "2",
    ]  # fmt: skip
