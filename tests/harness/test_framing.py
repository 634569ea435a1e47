"""Lines out of bytes, however they arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.harness.framing import Framer, LineTooLongError

text = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r", b"\xff", b"\n\n"])).map(b"".join)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut the data at each of these places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@given(data=text, cuts=st.lists(st.integers(0, 1000)))
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    """They are what splitting the whole gives, the unfinished end aside."""
    framer = Framer()
    lines = [line for piece in pieces(data, cuts) for line in framer.feed(piece)]
    assert lines == data.split(b"\n")[:-1]


@given(lengths=st.lists(st.integers(0, 12), min_size=1), cuts=st.lists(st.integers(0, 1000)))
def test_a_line_over_the_limit_is_refused_and_no_other(lengths: list[int], cuts: list[int]) -> None:
    """Just the lines of more than 8 bytes are too long for a limit of 8."""
    framer = Framer(8)
    data = b"".join(b"x" * length + b"\n" for length in lengths)
    lines: list[bytes] = []

    def feed() -> None:
        for piece in pieces(data, cuts):
            lines.extend(framer.feed(piece))

    if max(lengths) > 8:
        with pytest.raises(LineTooLongError, match="a line of more than 8 bytes"):
            feed()
        assert len(lines) <= next(i for i, length in enumerate(lengths) if length > 8)
    else:
        feed()
        assert list(map(len, lines)) == lengths


def test_a_line_without_an_end_is_refused_before_it_is_there() -> None:
    """Memory stays bounded: the limit holds for what has not ended yet."""
    framer = Framer(1000)
    for _ in range(10):
        assert framer.feed(b"x" * 100) == []
    with pytest.raises(LineTooLongError):
        framer.feed(b"x")
