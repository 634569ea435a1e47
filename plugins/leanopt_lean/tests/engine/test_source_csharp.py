"""C# as it is written: code is told apart from texts, comments and what is left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from leanopt_lean.source.csharp import read_csharp
from leanopt_lean.source.syntax import Call, Literal, walk

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
#: The parser takes a quote behind the opening one of these for the beginning of a raw text.
INTERPOLATED = ("verbatim interpolated", "interpolated verbatim")
COMMENTS = {
    "line": lambda text: "// " + text.replace("\n", " ") + "\n",
    "block": lambda text: "/* " + text.replace("*/", "* /") + " */",
    "directive": lambda text: "\n#region " + text.replace("\n", " ") + "\n",
}


def fields(text: str) -> dict[str, object]:
    """Return the values of a class's fields that are written out, by name."""
    unit = read_csharp("A.cs", f"class A {{ {text} }}")
    assert unit.unread == ()
    return {
        one.target: one.value.value for one in unit.statements if isinstance(one.value, Literal)
    }


@given(st.sampled_from(sorted(FORMS)), texts)
def test_a_text_says_what_was_written(form: str, text: str) -> None:
    """In whatever form it is written, and nothing behind it is lost."""
    assume(form not in INTERPOLATED or not text.startswith('"'))
    assert fields(f"object a = {FORMS[form](text)}; int b = 1;") == {"a": text, "b": 1}


pieces = st.one_of(
    st.builds(
        lambda form, text: FORMS[form](text),
        st.sampled_from(sorted({*FORMS} - {*INTERPOLATED})),
        texts,
    ),
    st.builds(lambda kind, text: COMMENTS[kind](text), st.sampled_from(sorted(COMMENTS)), texts),
    st.sampled_from(["'\"'", "'\\''", "'{'", "x.y", "(a + 1)", "[2]", "1_0.5m"]),
)


@example([raw('"""/*'), COMMENTS["directive"]('GetParameter("no")/*GetParameter("no")')])
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
                yield value.value, one.location.line


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
    """An unfinished source is no error, and what is no C# is said to be."""
    whole = read_csharp("A.cs", text)
    assert all(one.line <= text.count("\n") + text.count("\r") + 1 for one in whole.unread)
    assert read_csharp("A.cs", "class A { void B() { if ( } }").unread != ()


def test_escapes_and_numbers() -> None:
    """As C# has them: surrogates too, suffixes, hexadecimal."""
    text = r"""object a = "\u0041\x42\U00000043\t\ud83d\ude00", b = '\'', c = 1_000, d = 0x1F;"""
    assert fields(text) == {"a": "ABC\t😀", "b": "'", "c": 1000, "d": 31}
    numbers = fields("object a = .5, b = 1e-3, c = 2.5m, d = 10m;")
    assert [str(one) for one in numbers.values()] == ["0.5", "0.001", "2.5", "10"]


DIRECTIVES = {
    "never": ("#if NEVER\nC(1);\n#endif", []),
    "else": ("#if NEVER\nC(1);\n#else\nC(2);\n#endif", [2]),
    "of a build for release": ("#if DEBUG\nC(1);\n#elif TRACE\nC(2);\n#else\nC(3);\n#endif", [2]),
    "of the project": ("#if OWN && !(OTHER || NEVER)\nC(1);\n#endif", [1]),
    "compared": ("#if OWN == false\nC(1);\n#elif OWN != false\nC(2);\n#endif", [2]),
    "in another": ("#if NEVER\n#if OWN\nC(1);\n#else\nC(2);\n#endif\n#endif\nC(3);", [3]),
    "no code at all": ("#if NEVER\nC(\"1 ' /* { \n#endif\nC(2);", [2]),
    "halves of code": ("#if NEVER\nif (x) {\n#else\nif (y) {\n#endif\nC(1); }", [1]),
    "in a text": ('var s = @"\n#if NEVER\n"; C(1); s = @"\n#endif\n";', [1]),
    "in a comment": ("/*\n#if NEVER\n*/ C(1); /*\n#endif\n*/", [1]),
    "with a comment": ("  # if NEVER // why\nC(1);\n  # endif", []),
}


@pytest.mark.parametrize("case", DIRECTIVES)
def test_what_the_compiler_leaves_out_does_not_count(case: str) -> None:
    """By the symbols of the project; lines stay where they are."""
    text, expected = DIRECTIVES[case]
    unit = read_csharp("A.cs", f"class A {{ void B() {{\n{text}\n}} }}", {"OWN", "TRACE"})
    assert unit.unread == ()
    calls = [one for statement in unit.statements for one, _ in walk(statement.value)]
    found = [one for one in calls if isinstance(one, Call) and one.name == "C"]
    assert [one.arguments[0].value for one in found] == [Literal(one) for one in expected]
    assert all("C(" in text.split("\n")[one.location.line - 2] for one in found)


def test_a_file_defines_symbols_of_its_own() -> None:
    """Before anything else stands in it."""
    text = "#define A\n#undef OWN\n#if A && !OWN\nclass B { }\n#else\nclass C { }\n#endif"
    assert [one.name for one in read_csharp("A.cs", text, {"OWN"}).classes] == ["B"]
