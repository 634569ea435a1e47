"""The options of all samplers, with the samplers that each belongs to, and fixed defaults.

Optuna's defaults change between versions. These do not, and they cover all options.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import Attribute, field, frozen, validators

if TYPE_CHECKING:
    from collections.abc import Mapping

Sampler: TypeAlias = Literal[
    "tpe", "motpe", "gp", "mogp", "cmaes", "nsgaii", "nsgaiii", "qmc", "random"
]

_TPE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "n_startup_trials": 10,
        "n_ei_candidates": 24,
        "multivariate": True,
        "constant_liar": True,
    }
)
_GP: Final[Mapping[str, Any]] = MappingProxyType(
    {"n_startup_trials": 10, "deterministic_objective": False}
)
_NSGA: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "population_size": 50,
        "mutation_prob": None,
        "crossover_prob": 0.9,
        "swapping_prob": 0.5,
    }
)

#: Each sampler's options with their defaults; None computes the value from the parameters.
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "tpe": _TPE,
        "motpe": _TPE,
        "gp": _GP,
        "mogp": _GP,
        "cmaes": {
            "n_startup_trials": 1,
            "popsize": None,
            "use_separable_cma": False,
            "with_margin": False,
            "lr_adapt": False,
        },
        "nsgaii": _NSGA,
        "nsgaiii": MappingProxyType({**_NSGA, "dividing_parameter": 3}),
        "qmc": {"qmc_type": "sobol", "scramble": True},
        "random": {},
    }
)

#: The samplers that look at all objectives; the others go by the one that ranks trials.
SEVERAL: Final = frozenset({"motpe", "mogp", "nsgaii", "nsgaiii"})

#: The packages that a sampler needs besides Optuna, and the extra that installs them.
NEEDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "gp": ("gp", ("torch", "scipy")),
        "mogp": ("gp", ("torch", "scipy")),
        "qmc": ("qmc", ("scipy",)),
    }
)


def _installed(_options: object, _attribute: Attribute[str], sampler: str) -> None:
    extra, modules = NEEDS.get(sampler, ("", ()))
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        raise ValueError(
            f"which needs {' and '.join(absent)}, not installed here: "
            f"pip install 'leanopt-optuna[{extra}]'"
        )


def _own(options: OptunaOptions, attribute: Attribute[Any], value: object) -> None:
    """Refuse an option that the chosen sampler does not have."""
    if value is None or attribute.name in DEFAULTS[options.sampler]:
        return
    owners = [name for name, own in DEFAULTS.items() if attribute.name in own]
    own = ", ".join(DEFAULTS[options.sampler]) or "none"
    raise ValueError(
        f"an option of {' and '.join(owners)}, not of {options.sampler}, whose own are: {own}"
    )


def _option(text: str, *checks: Any, **more: Any) -> Any:
    """Return a field that is None until it gets the chosen sampler's default."""
    validator = validators.and_(_own, *(validators.optional(check) for check in checks))
    return field(default=None, validator=validator, metadata={"help": text, **more})


_SHARE = (validators.ge(0), validators.le(1))


@frozen
class OptunaOptions:
    """The options of `optuna`. None becomes the chosen sampler's own default."""

    sampler: Sampler = field(
        default="tpe",
        validator=[validators.in_(tuple(DEFAULTS)), _installed],
        metadata={"help": "the method that proposes"},
    )
    n_startup_trials: int | None = _option(
        "random trials before the sampler's proposals: tpe, motpe, gp and mogp 10, cmaes 1",
        validators.ge(1),
    )
    n_ei_candidates: int | None = _option(
        "tpe, motpe: draws to choose a proposal from, 24", validators.ge(1)
    )
    multivariate: bool | None = _option("tpe, motpe: model parameters jointly, true")
    constant_liar: bool | None = _option(
        "tpe, motpe: count pending trials as bad, to spread proposals, true"
    )
    deterministic_objective: bool | None = _option("gp, mogp: assume results without noise, false")
    popsize: int | None = _option(
        "cmaes: trials per generation, 4 + 3 ln(parameters)", validators.ge(4)
    )
    use_separable_cma: bool | None = _option("cmaes: treat parameters as independent, false")
    with_margin: bool | None = _option("cmaes: keep a minimum probability for every level, false")
    lr_adapt: bool | None = _option("cmaes: adapt the learning rate on rugged landscapes, false")
    population_size: int | None = _option(
        "nsgaii, nsgaiii: trials per generation, 50", validators.ge(2)
    )
    mutation_prob: float | None = _option(
        "nsgaii, nsgaiii: probability that a parameter changes, 1 / parameters", *_SHARE
    )
    crossover_prob: float | None = _option(
        "nsgaii, nsgaiii: probability that a child has two parents, 0.9", *_SHARE
    )
    swapping_prob: float | None = _option(
        "nsgaii, nsgaiii: probability that a parameter comes from the second parent, 0.5", *_SHARE
    )
    dividing_parameter: int | None = _option(
        "nsgaiii: divisions of each objective between reference points, 3",
        validators.ge(1),
        # Plans of the other samplers stay as they were before this option.
        rare=True,
    )
    qmc_type: Literal["sobol", "halton"] | None = _option(
        "qmc: the sequence, sobol", validators.in_(("sobol", "halton"))
    )
    scramble: bool | None = _option("qmc: scramble the sequence with the seed, true")

    def __attrs_post_init__(self) -> None:
        for name, default in DEFAULTS[self.sampler].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        variants = ("use_separable_cma", "with_margin", "lr_adapt")
        chosen = [name for name in variants if getattr(self, name)]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other")

    def own(self) -> dict[str, Any]:
        """Return the chosen sampler's options."""
        return {name: getattr(self, name) for name in DEFAULTS[self.sampler]}
