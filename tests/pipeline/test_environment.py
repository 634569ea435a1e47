"""`${NAME}` and `${NAME:-default}` in texts, from the environment and `.env`."""

from __future__ import annotations

import pytest

from leanopt_core.errors import PipelineError
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


@pytest.mark.parametrize(("given", "workers"), [("8", 8), ("1_0", 10), (" 7 ", 7), ("auto", None)])
def test_a_variable_alone_can_be_a_number(load, given: str, workers: int | None) -> None:
    """Read as TOML where a number is due; a word that is allowed there stays one."""
    sets = ["executor.workers=${COUNT}"]
    assert load(sets=sets, environment={"COUNT": given}).executor.workers == workers


def test_numbers_of_variables_are_exact(load) -> None:
    """Of parameters, options, durations and sizes; beside them texts stay texts."""
    environment = {"STEP": "0.005", "TRIALS": "64", "LIMIT": "90", "WORD": "2min", "SIZE": "1000"}
    sets = [
        "parameters.stop.step=${STEP}",
        "stage.lhs.trials=${TRIALS}",
        "executor.time_limit=${LIMIT}",
        "executor.start_limit=${WORD}",
        "scenario.symbol=${SIZE}",
        "scenario.cash=${SIZE}",
        "parameters.size=${SIZE}",
    ]
    found = load(sets=sets, environment=environment)
    assert found.space == load(sets=['parameters.size="1000"']).space
    assert found.stages[0].trials == 64
    assert (found.executor.time_limit, found.executor.start_limit) == (90.0, 120.0)
    [scenario] = found.scenarios
    assert (scenario.symbol, scenario.cash) == ("1000", 1000)


@pytest.mark.parametrize("given", ["many", "", "1 # one", "8\nname = 'x'", "true", "1e400", "nan"])
def test_what_is_no_number_is_refused(load, given: str) -> None:
    """A number that is not alone in its text is none either."""
    for written, value in (("${N}", given), ("1${N}", "2")):
        with pytest.raises(PipelineError, match=r"search\.trials"):
            load(sets=[f"search.trials={written}"], environment={"N": value})
