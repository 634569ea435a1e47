"""The stage kit catches each broken method by the test that is there for it, and no sound one."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.slow

CAUGHT = {
    "UsesGlobalRandom": "test_global_random_state_is_untouched",
    "UsesGlobalRandomLate": "test_global_random_state_is_untouched",
    "LeavesTheGrid": "test_grid_and_constraints_are_kept",
    "BreaksConstraints": "test_grid_and_constraints_are_kept",
    "CountsOnTheClock": "test_no_clock_is_read",
    "RemembersOtherSearches": "test_order_of_completion_changes_nothing",
    "GoesByTheOrderOfASet": "test_another_process_searches_alike",
    "RepeatsForEver": "test_new_points_are_proposed",
    "DiesOnFailures": "test_survives",
    "GoesOnAfterTheLastPoint": "test_ends_when_every_point_is_tried",
    "WaitsForEver": "test_a_space_of_one_point",
    "ForgetsWhatIsReplayed": "test_stored_proposals_replay",
    "StumblesOverFailedSeeds": "test_earlier_trials_are_taken_up",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[bool]]]:
    """By method and test, whether each of its runs passed; skipped ones are left out."""
    report = tmp_path_factory.mktemp("broken") / "report.xml"
    # Imported by name, as a plugin's code is, so that another process can import it too.
    options = ["-q", "--import-mode=prepend", "-p", "no:cacheprovider", f"--junitxml={report}"]
    options += ["-c", str(report.with_name("pytest.ini")), "-m", "not slow"]
    report.with_name("pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    tests = ["TestSound", *(f"Test{method}::{test}" for method, test in CAUGHT.items())]
    there = Path(__file__).with_name("broken_methods.py")
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"{there}::{test}" for test in tests)],
        check=False,
        capture_output=True,
    )
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written just now
        method = case.get("classname", "").rpartition("Test")[2]
        if case.find("skipped") is None:
            passed = case.find("failure") is None and case.find("error") is None
            found[method][case.get("name", "").partition("[")[0]].append(passed)
    return found


def test_the_sound_method_passes_all(verdicts: dict[str, dict[str, list[bool]]]) -> None:
    """Every test was run on it, the one in another process too."""
    assert set(CAUGHT.values()) <= set(verdicts["Sound"])
    assert [name for name, passed in verdicts["Sound"].items() if not all(passed)] == []


@pytest.mark.parametrize(("method", "test"), CAUGHT.items())
def test_a_broken_method_is_caught(
    verdicts: dict[str, dict[str, list[bool]]], method: str, test: str
) -> None:
    """By the test whose name says what is wrong."""
    assert False in verdicts[method][test]
