"""`${NAME}` and `${NAME:-default}` in texts, from the environment and `.env`."""

from __future__ import annotations

import pytest

from leanopt_core.pipeline import load_pipeline

DOTENV = """\
# comments and other lines are nobody's business
PLAIN = from dotenv   # a remark
export EXPORTED=yes
SINGLE='a # b'
DOUBLE="c d"  # a remark
OPEN="never closed
EMPTY=
this is no assignment
PLAIN_${X}=x
"""


@pytest.fixture
def named(load, folder, sound):
    """Return the name that a pipeline has whose name is the given text."""
    (folder / ".env").write_text(DOTENV, encoding="utf-8")

    def named(text: str, environment: dict[str, str] | None = None) -> str:
        name: str = load(sound.replace("spy-trend", text), environment=environment or {}).name
        return name

    return named


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${PLAIN}", "from dotenv"),
        ("a-${EXPORTED}-b", "a-yes-b"),
        ("${SINGLE}", "a # b"),
        ("${DOUBLE}", "c d"),
        ("${OPEN}", '"never closed'),
        ("x${EMPTY}", "x"),
        ("${EMPTY:-default}", "default"),
        ("${ABSENT:-default}", "default"),
        ("x${ABSENT:-}", "x"),
        ("${PLAIN:-default}", "from dotenv"),
        ("${GIVEN}${GIVEN}", "gg"),
        ("$${PLAIN}", "${PLAIN}"),
        ("$PLAIN", "$PLAIN"),
        ("100$", "100$"),
        ("${NESTED}", "${PLAIN}"),
    ],
)
def test_filled(named, text, found) -> None:
    """A default counts where the variable is unset or empty; what is filled in is left alone."""
    assert named(text, {"GIVEN": "g", "NESTED": "${PLAIN}"}) == found


def test_the_environment_goes_before_the_file(named) -> None:
    """Also where it is empty there."""
    assert named("${PLAIN}", {"PLAIN": "outer"}) == "outer"
    assert named("x${PLAIN}", {"PLAIN": ""}) == "x"


def test_the_process_environment_is_used_by_default(folder, registry, sound, monkeypatch) -> None:
    """`os.environ`, where the caller gives nothing else."""
    monkeypatch.setenv("LEANOPT_TEST_NAME", "mine")
    file = folder / "pipeline.toml"
    file.write_text(sound.replace("spy-trend", "${LEANOPT_TEST_NAME}"), encoding="utf-8")
    assert load_pipeline(file, registry).name == "mine"


def test_a_mark_at_the_start_of_the_file_is_no_part_of_a_name(load, folder, sound) -> None:
    """Editors on Windows write one."""
    (folder / ".env").write_bytes(b"\xef\xbb\xbfRUN=night\r\n")
    assert load(sound.replace("spy-trend", "${RUN}")).name == "night"


def test_text_that_is_no_unicode_is_refused(messages, sound) -> None:
    """A variable may hold any bytes; a plan may not."""
    text = sound.replace("spy-trend", "${RUN}")
    assert messages(text, environment={"RUN": "caf\udce9"}) == [
        'pipeline.toml: name: found "caf\\udce9", expected UTF-8 text'
    ]
