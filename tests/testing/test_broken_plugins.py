"""The other kits catch what is broken, by the test that is there for it, and pass what is sound."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Verdicts = dict[str, dict[str, list[bool]]]

pytestmark = pytest.mark.slow

CAUGHT = {
    "DividesLosses": "test_deeper_drawdowns_are_never_better",
    "PrefersLosses": "test_losses_are_ordered",
    "GivesInfinity": "test_edges_of_each_statistic",
    "GivesNoReasons": "test_missing_statistics_give_reasons",
    "TakesMissingForZero": "test_missing_statistics_give_reasons",
    "Remembers": "test_the_same_again",
    "TakesTheFirst": "test_the_order_of_scenarios_does_not_count",
    "TakesTwoScenarios": "test_a_good_backtest_has_a_value",
    "AlwaysGivesOne": "test_backtests_are_told_apart",
    "DropsBadScenarios": "test_one_bad_scenario_gives_reasons",
    "GoesByTheClock": "test_nothing_else_is_used",
    "SortsInPlace": "test_what_it_is_told_is_left_alone",
    "ForgetsDrawdowns": "test_what_it_is_told_is_left_alone",
    "NeverReturns": "test_backtests_are_told_apart",
    "DividesByVariance": "test_a_context_never_harms",
    "DividesByDeviation": "test_edges_of_curves_and_trades",
    "NeedsACurve": "test_missing_outputs_give_reasons",
    "WritesNothing": "test_every_trial_is_written",
    "LosesTheLast": "test_every_trial_is_written",
    "Appends": "test_a_resumed_run",
    "BuffersNew": "test_a_resumed_run",
    "BelongsToItsThread": "test_a_whole_run",
    "FailsAtAnInterruption": "test_a_whole_run",
    "OverwritesInPlace": "test_a_shorter_run_replaces_a_longer_one",
    "TruncatesWhenBuilt": "test_builds_without_touching_what_is_there",
    "NeedsAFitness": "test_a_whole_run",
    "WritesAscii": "test_odd_values_are_taken",
    "ChangesWhatItIsTold": "test_what_it_is_told_is_left_alone",
    "TakesErrorsForSuccess": "test_no_silent_success",
    "ForgetsItsSources": "test_an_edit_is_another_source",
    "GoesByTimes": "test_an_edit_is_another_source",
    "ForgetsThePlace": "test_the_place_is_in_the_identity_alone",
    "NumbersItsBuilds": "test_the_same_is_built_again",
    "LosesParameters": "test_parameters_reach_the_request",
    "WritesSeveralLines": "test_requests",
    "NumbersItsAnswers": "test_a_fingerprint_is_of_the_backtest",
    "NamesNoData": "test_data_files_of_a_scenario",
    "ImportsAnything": "test_what_an_import_tells",
    "ForgetsStatistics": "test_round_trip",
    "OpensAnything": "test_no_name_leaves_the_scratch_folder",
    "LosesTheEnvironment": "test_the_launch_s_environment",
    "IgnoresMemory": "test_a_memory_limit_is_kept_or_refused",
    "WaitsLonger": "test_once_at_its_time_limit",
    "HidesSignals": "test_once_ended_by_a_signal",
    "FindsFault": "test_what_check_is_told",
    "ChecksTwice": "test_what_doctor_is_told",
    "LacksSomething": "test_what_doctor_is_told",
    "HasAnotherRuntime": "test_places",
}
SOUND = ("Ratio", "OfReturns", "Lines", "AppendsNew")


@pytest.fixture(scope="module")
def verdicts(verdicts_of: Callable[..., Verdicts], request: pytest.FixtureRequest) -> Verdicts:
    """Of each broken thing the test that is there for it; the sound ones are run whole."""
    here = [item for item in request.session.items if item.path == request.path]
    names = [item.callspec.params["name"] for item in here]  # type: ignore[attr-defined]
    tests = [f"Test{name}::{CAUGHT[name]}" for name in names if name in CAUGHT]
    return verdicts_of(
        "broken_plugins.py", [*(f"Test{one}" for one in SOUND if one in names), *tests]
    )


@pytest.mark.long
@pytest.mark.alike(1)
@pytest.mark.parametrize("name", SOUND)
def test_the_sound_ones_pass_all(verdicts: Verdicts, name: str) -> None:
    """Those that the broken ones are made of; the built-ins are tested beside."""
    assert verdicts[name]
    assert [test for test, passed in verdicts[name].items() if not all(passed)] == []


@pytest.mark.alike(12)
@pytest.mark.parametrize(("name", "test"), CAUGHT.items())
def test_a_broken_one_is_caught(verdicts: Verdicts, name: str, test: str) -> None:
    """By the test whose name says what is wrong."""
    assert False in verdicts[name][test]
