"""The stage kit catches each broken method by the test that is there for it, and no sound one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Verdicts = dict[str, dict[str, list[bool]]]

pytestmark = pytest.mark.slow

CAUGHT = {
    "UsesGlobalRandom": "test_global_random_state_is_untouched",
    "UsesGlobalRandomLate": "test_global_random_state_is_untouched",
    "LeavesTheGrid": "test_grid_and_constraints_are_kept",
    "BreaksConstraints": "test_grid_and_constraints_are_kept",
    "SearchesInactiveParameters": "test_inactive_parameters_are_not_searched",
    "CountsOnTheClock": "test_no_clock_is_read",
    "RemembersOtherSearches": "test_order_of_completion_changes_nothing",
    "GoesByTheOrderOfASet": "test_another_process_searches_alike",
    "RepeatsForEver": "test_new_points_are_proposed",
    "DiesOnFailures": "test_survives",
    "GoesOnAfterTheLastPoint": "test_ends_when_every_point_is_tried",
    "WaitsForEver": "test_a_space_of_one_point",
    "ForgetsWhatIsReplayed": "test_stored_proposals_replay",
    "LearnsByChance": "test_global_random_state_is_untouched",
    "ExplainsWithNaN": "test_explanations_can_be_stored",
    "RewritesItsReasons": "test_explanations_can_be_stored",
    "ChangesValues": "test_what_it_is_told_is_left_alone",
    "ChangesStatistics": "test_what_it_is_told_is_left_alone",
    "ChangesTheHistory": "test_what_it_is_told_is_left_alone",
    "StumblesOverFailedSeeds": "test_earlier_trials_are_taken_up",
}


@pytest.fixture(scope="module")
def verdicts(verdicts_of: Callable[..., Verdicts], request: pytest.FixtureRequest) -> Verdicts:
    """All of the kit on the sound method, of each broken one the test that is there for it."""
    here = [item for item in request.session.items if item.path == request.path]
    methods = [item.callspec.params["method"] for item in here if hasattr(item, "callspec")]
    tests = [f"Test{method}::{CAUGHT[method]}" for method in methods]
    sound = ["TestSound"] if len(here) > len(methods) else []
    return verdicts_of("broken_methods.py", [*sound, *tests])


@pytest.mark.long
def test_the_sound_method_passes_all(verdicts: Verdicts) -> None:
    """Every test was run on it, the one in another process too."""
    assert set(CAUGHT.values()) <= set(verdicts["Sound"])
    assert [name for name, passed in verdicts["Sound"].items() if not all(passed)] == []


@pytest.mark.alike(5)
@pytest.mark.parametrize(("method", "test"), CAUGHT.items())
def test_a_broken_method_is_caught(verdicts: Verdicts, method: str, test: str) -> None:
    """By the test whose name says what is wrong."""
    assert False in verdicts[method][test]
