"""The distributions of this project, and the plugins that they register, by kind and name.

Only these are ever proposed as `pip install`: a package index may have anything under a name that
was guessed, or misspelt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: By kind (the values of `plugins.Kind`), then by the name in a pipeline.
DISTRIBUTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "stage": {
        "euler": "leanopt-euler",
        "ga_deap": "leanopt-ga-deap",
        "grid": "leanopt-grid",
        "lhs": "leanopt-lhs",
        "local_grid": "leanopt-local-grid",
        "nsga2": "leanopt-nsga2",
        "optuna": "leanopt-optuna",
        "points": "leanopt-points",
        "random": "leanopt-random",
        "surrogate": "leanopt-surrogate",
    },
    "fitness function": {
        "calmar": "leanopt-calmar",
        "deflated_sharpe": "leanopt-deflated-sharpe",
        "expression": "leanopt-expression",
        "profit_factor": "leanopt-profit-factor",
        "sharpe": "leanopt-sharpe",
        "sortino": "leanopt-sortino",
        "sqn": "leanopt-sqn",
        "statistic": "leanopt-statistic",
        "ulcer": "leanopt-ulcer",
    },
    "engine": {"lean": "leanopt-lean"},
}

#: The commands of plugins, by name.
COMMANDS: Final[Mapping[str, str]] = {"cpcv": "leanopt-evidence", "report": "leanopt-report"}

#: Libraries: no pipeline names them.
LIBRARIES: Final = frozenset({"leanopt-core", "leanopt-evidence", "leanopt-harness"})

#: All distributions of this project.
OWN: Final = LIBRARIES.union(
    COMMANDS.values(), *(names.values() for names in DISTRIBUTIONS.values())
)
