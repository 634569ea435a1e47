"""Options: each sampler's own with fixed defaults, others refused, what is missing said."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from leanopt_optuna import OptunaOptions
from leanopt_optuna._options import DEFAULTS
from leanopt_optuna._samplers import make_sampler
from optuna import samplers

from leanopt_core.errors import LeanoptError
from leanopt_core.pipeline import load_pipeline
from leanopt_core.plugins import discover
from leanopt_core.testing import drive, outcomes

PIPELINE = """
name = "options"
seed = 7
[strategy]
entry = "strategy.py:run"
[parameters]
x = { min = 1, max = 40, step = 1 }
[fitness]
use = "statistic"
statistic = "Sharpe Ratio"
[[stage]]
use = "optuna"
trials = 30
"""
NEEDS_TORCH = ("gp", "mogp")
CLASSES = {
    "tpe": samplers.TPESampler,
    "motpe": samplers.TPESampler,
    "gp": samplers.GPSampler,
    "mogp": samplers.GPSampler,
    "cmaes": samplers.CmaEsSampler,
    "nsgaii": samplers.NSGAIISampler,
    "nsgaiii": samplers.NSGAIIISampler,
    "qmc": samplers.QMCSampler,
    "random": samplers.RandomSampler,
}


@pytest.fixture
def load(tmp_path: Path):
    """Load a pipeline whose stage has these lines; return the stage's options."""

    def load(lines: str) -> OptunaOptions:
        file = tmp_path / "pipeline.toml"
        file.write_text(PIPELINE + lines)
        (stage,) = load_pipeline(file, discover({}), environment={}).stages
        return stage.choice.options

    return load


@pytest.mark.parametrize("sampler", [name for name in DEFAULTS if name not in NEEDS_TORCH])
def test_defaults_are_written_out(load, sampler: str) -> None:
    """The chosen sampler's are filled in, and so in the plan; the others' are left out."""
    options = load(f'sampler = "{sampler}"')
    assert options.own() == DEFAULTS[sampler]
    others = {attribute.name for attribute in attrs.fields(OptunaOptions)} - {"sampler"}
    assert all(getattr(options, name) is None for name in others - set(DEFAULTS[sampler]))


@pytest.mark.parametrize("sampler", DEFAULTS)
def test_options_are_optunas_own(sampler: str) -> None:
    """Each is a parameter of the sampler's class, so that its documentation says what it means."""
    assert set(DEFAULTS[sampler]) <= set(inspect.signature(CLASSES[sampler]).parameters)


@pytest.mark.parametrize("sampler", [name for name in DEFAULTS if name not in NEEDS_TORCH])
def test_makes_the_sampler(sampler: str) -> None:
    """Without a warning, although some options are experimental to Optuna."""
    made = make_sampler(OptunaOptions(sampler=sampler), 2**70, ())
    assert type(made) is CLASSES[sampler]


@pytest.mark.parametrize("variant", ["use_separable_cma", "with_margin", "lr_adapt"])
def test_variants_of_cmaes(space, stage, variant: str) -> None:
    """Each works on spaces with choices, and on one of a single number."""
    for wide in (space(30, 30, 30, choices=3), space(40), space(40, choices=2)):
        rule = stage(30, sampler="cmaes", **{variant: True})
        search = drive(wide, [rule], judge=outcomes.hilly(wide))
        assert len(set(search.points)) == 30


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            'sampler = "qmc"\nn_ei_candidates = 9',
            "an option of tpe and motpe, not of qmc, whose own are",
        ),
        ("popsize = 9", "an option of cmaes, not of tpe"),
        (
            'sampler = "random"\nn_startup_trials = 9',
            "of tpe and motpe and gp and mogp and cmaes, not of random",
        ),
        ('sampler = "tpa"', "tpe"),
        ("n_ei_candidates = 0", "n_ei_candidates"),
        ('sampler = "cmaes"\nwith_margin = true\nlr_adapt = true', "exclude each other"),
    ],
)
def test_what_does_not_fit_is_refused(load, lines: str, message: str) -> None:
    """With what would."""
    with pytest.raises(LeanoptError, match=message):
        load(lines)


WITHOUT = """
import sys
sys.modules[sys.argv[2]] = None
import importlib.util
from leanopt_optuna import OptunaOptions
try:
    OptunaOptions(sampler=sys.argv[1])
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize(("sampler", "module"), [("gp", "torch"), ("qmc", "scipy")])
def test_what_is_missing_is_said_before_the_run(sampler: str, module: str) -> None:
    """When the pipeline is read, with what to type."""
    program = [sys.executable, "-c", WITHOUT, sampler, module]
    said = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert module in said
    assert f"pip install 'leanopt-optuna[{sampler}]'" in said


@pytest.mark.alike(2)
@pytest.mark.parametrize(
    "options",
    [
        {"sampler": "cmaes", "popsize": 4},
        {"sampler": "cmaes", "popsize": 4, "with_margin": True},
        {"sampler": "nsgaii", "population_size": 2, "mutation_prob": 1.0, "crossover_prob": 0.0},
        {"sampler": "qmc", "qmc_type": "halton", "scramble": False},
        {"sampler": "tpe", "multivariate": False, "constant_liar": False, "n_startup_trials": 1},
    ],
)
@pytest.mark.parametrize("outcome", ["all infeasible", "constant", "huge"])
def test_the_ends_of_their_ranges_work(space, stage, options: dict, outcome: str) -> None:
    """Also where there is no slope to climb."""
    wide = space(12, 12, 12, rules=("a < b",), choices=3)
    search = drive(wide, [stage(60, **options)], judge=outcomes.hard(wide)[outcome], lookahead=4)
    assert len(set(search.points)) == 60
