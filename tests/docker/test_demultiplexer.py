"""Frames, as the engine sends them, taken apart wherever they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.executors.docker.stream import Demultiplexer

FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=12)


@given(FRAMES, st.lists(st.integers(1, 30), min_size=1))
def test_streams_come_apart_whole(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    """Whatever the pieces, empty frames among them."""
    sent = b"".join(
        bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for stream, data in frames
    )
    demultiplexer, heard = Demultiplexer(), {1: b"", 2: b""}
    turn = 0
    while sent:
        size = cuts[turn % len(cuts)]
        chunk = demultiplexer.feed(sent[:size])
        heard[1] += chunk.out
        heard[2] += chunk.err
        sent, turn = sent[size:], turn + 1
    for stream in (1, 2):
        assert heard[stream] == b"".join(data for number, data in frames if number == stream)
