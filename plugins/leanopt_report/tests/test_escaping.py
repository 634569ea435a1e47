"""Each form of a report shows texts as text, also those that look like markup."""

from __future__ import annotations

import json
import re
from array import array
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leanopt_report._html import html_text
from leanopt_report._json import json_text
from leanopt_report._markdown import markdown_text
from leanopt_report._model import Chart, Document, Page, Section, Table, Verdict
from leanopt_report._packed import plain, script_json

PIECES = ["</script>", "<script>", "<!--", "-->", "]]>", "<img onerror=x>", "&lt;", "'", '"', "|"]
HOSTILE = st.lists(
    st.sampled_from([*PIECES, "\u2028", "`", "**", "a", " "])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    max_size=8,
).map("".join)


def document(text: str) -> Document:
    """Return a report that has one text everywhere."""
    chart = Chart("bars", text, {"labels": [text], "values": [1.0], text: text})
    table = Table((text, "number"), ((text, "1"), (None, "2")), text)
    section = Section("best", text, (text,), (table,), (chart,), text)
    pages = (Page("one", text, (section,)), Page("two", text, ()))
    return Document(text, text, text, Verdict("doubtful", text, (text,)), pages)


class Outline(HTMLParser):
    """The elements of a page, without their texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.data: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep an element."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        """Keep a text."""
        if self.tags and self.tags[-1] == ("script", ("type", "id")):
            self.data.append(data)


#: Text in backticks is shown as code, so that is left out where elements are compared.
@settings(max_examples=8)
@given(HOSTILE.map(lambda text: "a" + text.replace("`", "")))
def test_no_text_makes_an_element_of_the_page(text: str) -> None:
    """The page has the elements that it has with a harmless text, and the same data."""
    # A long cell is styled as such, which changes no element.
    found, harmless = Outline(html_text(document(text))), Outline(html_text(document("a")))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in harmless.tags]
    data = json.loads("".join(found.data).strip())
    assert data["run"] == text
    assert data["pages"][0]["charts"][0]["values"]["labels"] == [text]


@given(HOSTILE)
def test_no_text_ends_the_data(text: str) -> None:
    """Nothing in the script's JSON could end or begin an element."""
    written = script_json({text: [text]})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {text: [text]}


@given(HOSTILE)
def test_markdown_has_no_element_and_no_further_cell(text: str) -> None:
    """Each row has the cells of its head."""
    written = markdown_text(document(text))
    assert not re.search(r"(?<!\\)(\\\\)*<", re.sub(r"^    .*$", "", written, flags=re.MULTILINE))
    rows = [line for line in written.split("\n") if line.startswith("| ")]
    assert len(rows) == 4
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 3 for row in rows)


@given(HOSTILE)
def test_json_has_the_text_itself(text: str) -> None:
    """Everywhere."""
    found = json.loads(json_text(document(text)))
    assert found["run"] == found["verdict"]["reasons"][0] == text
    assert found["pages"][0]["sections"][0]["tables"][0]["rows"][0][0] == text


def test_a_value_that_json_has_not_is_an_error() -> None:
    """It never travels."""
    with pytest.raises(ValueError, match="Out of range"):
        script_json({"a": float("nan")})


def test_floats_have_the_digits_that_they_hold() -> None:
    """Not those of the 64-bit number nearest to them."""
    assert plain({"a": array("f", [0.1, -2.5])}) == {"a": [0.1, -2.5]}
