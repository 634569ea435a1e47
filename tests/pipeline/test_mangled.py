"""Whatever a file or `--set` holds: a pipeline, or every mistake in it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Pipeline, execution, load_pipeline, resolve

Load = Callable[..., Pipeline | PipelineError]

VALUES = r"""
0 -1 nan -inf 1e999 true [] {} "" "${" "${X}" "\u0000" "\u009b" "~nobody" 2020-01-01 12:00:00
[[1],{}] {min=1,max=2} {values=[1,2]} ["fast<slow"] a.b=1
"""
STEPS = r"""
name seed strategy entry data scenario symbol start cash pass_as parameters fast min max step values
choices constraints results fitness use search lookahead executor workers time_limit stage 0 1 ga
trials crossover rates weights points sink "odd\u0009key" "\x"
"""
ODD = st.sampled_from([*VALUES.split(), "", "0x" + "f" * 400, "9" * 5000])
KEYS = st.sampled_from(STEPS.split())


@pytest.fixture(scope="module")
def try_load(tmp_path_factory, registry) -> Load:
    """Return what loads a text, with `--set`, and lets no other exception through."""
    file: Path = tmp_path_factory.mktemp("mangled") / "pipeline.toml"

    def try_load(text: str, sets: list[str] | None = None) -> Pipeline | PipelineError:
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return load_pipeline(file, registry, sets=sets or [], environment={})
        except PipelineError as error:
            return error

    return try_load


def check(found: Pipeline | PipelineError) -> None:
    """Check that a pipeline has a plan, and that an error says something that can be printed."""
    if isinstance(found, Pipeline):
        assert len(resolve(found, source="s", data={}).hash) == 64
        assert execution(found).to_dict()["folder"] == found.folder.as_posix()
        return
    assert found.mistakes
    for mistake in found.mistakes:
        assert str(mistake).isprintable()
        assert mistake.expected


@given(data=st.data())
def test_lines_in_disorder(try_load, sound, data) -> None:
    """Lines left out, doubled, moved, and values exchanged for odd ones."""
    lines = sound.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "move", "value"])):
            case "drop":
                lines[at] = ""
            case "double":
                lines.insert(at, lines[at])
            case "move":
                lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case _:
                lines[at] = f"{lines[at].partition('=')[0]}= {data.draw(ODD)}"
    check(try_load("\n".join(lines)))


@given(data=st.data())
def test_letters_in_disorder(try_load, sound, data) -> None:
    """Stretches of text exchanged for any other text."""
    text = sound
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        new = data.draw(st.text(max_size=3))
        text = text[:at] + new + text[at + data.draw(st.integers(0, 3)) :]
    check(try_load(text))


@given(
    sets=st.lists(
        st.one_of(
            st.builds("{}={}".format, st.lists(KEYS, min_size=1, max_size=4).map(".".join), ODD),
            st.text(max_size=12),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_override(try_load, sound, sets) -> None:
    """`--set` of known keys in any order, with odd values, and of anything."""
    check(try_load(sound, sets))


@given(
    low=st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-50, max_value=50),
    span=st.integers(-3, 40),
    step=st.sampled_from(["1", "0.5", "0.003", "0", "-1", "7"]),
)
def test_any_axis_is_on_its_grid(try_load, sound, low, span, step) -> None:
    """`min + i * step` exactly, never past max; what has no value is a mistake."""
    high = low + span
    found = try_load(sound, [f"parameters.size={{ min = {low}, max = {high}, step = {step} }}"])
    check(found)
    assert isinstance(found, Pipeline) is (span >= 0 and Decimal(step) > 0)
    if isinstance(found, Pipeline):
        values = [Decimal(value) for value in found.space.axis("size").values]
        assert values == [low + i * Decimal(step) for i in range(len(values))]
        assert values[-1] <= high < values[-1] + Decimal(step)
