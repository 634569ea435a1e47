"""A trial's parameters as other programs take them: JSON, a pipeline's table, LEAN's block."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from leanopt_core.canonical import as_stored
from leanopt_core.pipeline.toml import key_text, printable, toml_value
from leanopt_core.report.figures import number
from leanopt_core.report.subject import Selection
from leanopt_core.space import Value, number_text
from leanopt_core.store.inactive import Inactive
from leanopt_core.store.records import StoredRun, StoredTrial

Parameters: TypeAlias = Mapping[str, Value]


def exact_parameters(run: StoredRun, trial: StoredTrial) -> Parameters:
    """Return a trial's parameters by name, fixed ones included, with their exact values."""
    space = run.space
    return space.values(space.point_at(trial.grid_index))


def _params(parameters: Parameters) -> str:
    return _json(as_stored(dict(parameters)))


def _toml(parameters: Parameters) -> str:
    rows = (f"{key_text((name,))} = {toml_value(value)}" for name, value in parameters.items())
    return "\n".join(["[parameters]", *rows])


def _lean(parameters: Parameters) -> str:
    return _json({"parameters": lean_parameters(parameters)})


def lean_parameters(parameters: Parameters) -> dict[str, str]:
    """Return parameters as LEAN's configuration has them: texts by name."""
    return {name: number_text(value) for name, value in parameters.items()}


def _json(value: object) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False)


#: How each form writes parameters, by its name.
FORMS: Final[Mapping[str, Callable[[Parameters], str]]] = MappingProxyType(
    {"params": _params, "toml": _toml, "lean": _lean}
)


def parameters_text(form: str, subject: Selection) -> str:
    """Return the parameters of a trial in one of `FORMS`; `subject` must be a trial."""
    assert subject.trial is not None  # noqa: S101 - the caller has chosen one
    text = FORMS[form](exact_parameters(subject.run, subject.trial))
    if form != "toml":
        return text
    # The only one of the forms that can say where it comes from, and what did not count.
    fitness = number(subject.trial.fitness)
    inactive = Inactive.of(subject.run).at(subject.trial.grid_index)
    notes = [
        f"# {key_text((name,))} is inactive unless {when}\n" for name, when in inactive.items()
    ]
    head = f"# trial {printable(subject.name)}, fitness {fitness}\n"
    return "".join([head, *notes, text])
