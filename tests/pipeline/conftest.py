"""A folder with a sound pipeline, and a registry of real specifications that it is read with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from attrs import field, frozen
from attrs.validators import ge, in_, le, matches_re, min_len, optional

from leanopt_core import builtins
from leanopt_core.errors import PipelineError
from leanopt_core.pipeline import Bytes, Pipeline, Seconds, load_pipeline
from leanopt_core.plugins import Kind, Registered, Registry
from leanopt_core.specs import FitnessSpec, PluginSpec, StageSpec

SOUND = """\
name = "spy-trend"
seed = 7

[strategy]
entry = "strategy.py:run"
data = "data"

[scenario]
symbol = "SPY"
start = 2004-01-02
end = 2016-12-30
cash = 100_000

[parameters]
fast = { min = 5, max = 60, step = 1 }
slow = { min = 20, max = 250, step = 5 }
stop = { min = 0.01, max = 0.10, step = 0.005 }
hold = { values = [1, 2, 3, 5, 8, 13] }
exit = { choices = ["close", "trail"] }
size = 1000

[constraints]
parameters = ["fast < slow"]
results = ["Drawdown <= 25%", "Total Orders >= 30"]

[fitness]
use = "calmar"
min_trades = 30

[search]
lookahead = 8

[executor]
use = "process"
workers = 2
time_limit = "2min"

[[stage]]
use = "lhs"
trials = 128

[[stage]]
use = "ga"
trials = 600
seed_from = "lhs"

[[sink]]
use = "jsonl"
path = "out.jsonl"
"""


@frozen
class LhsOptions:
    """A few options, as a method has them."""

    scramble: bool = True
    design: Literal["plain", "optimised"] = field(
        default="plain", metadata={"help": "how the points are spread"}
    )


@frozen
class Crossover:
    """A table within the options."""

    rate: float = field(default=0.5, validator=[ge(0), le(1)], metadata={"help": "0 to 1"})
    kind: str = field(default="blend", validator=in_(["blend", "uniform"]))


@frozen
class GeneticOptions:
    """Options of every type that a plugin may use."""

    population: int = field(
        default=125, validator=ge(2), metadata={"help": "Individuals alive at once."}
    )
    elite: int = field(default=5, metadata={"help": "the best that always stay, x" * 9})
    crossover: Crossover = field(factory=Crossover)
    rates: tuple[float, ...] = ()
    bounds: tuple[int, int] = (0, 1)
    tags: list[str] = field(factory=list, validator=min_len(0))
    weights: dict[str, float] = field(factory=dict)
    points: Path | None = None
    precision: Decimal = Decimal("0.1")
    pause: Seconds | None = None
    memory: Bytes | None = None
    label: str | None = field(default=None, validator=optional(matches_re("[a-z]+")))
    layers: tuple[Crossover, ...] = ()
    trials: int = 0

    @elite.validator
    def _fewer_than_population(self, _attribute: object, value: int) -> None:
        if value > self.population:
            raise ValueError(f"must be at most the population, {self.population}")

    def __attrs_post_init__(self) -> None:
        if self.rates and len(self.rates) != 2:
            raise ValueError("rates come in pairs")


@frozen
class CalmarOptions:
    """The options of a fitness function."""

    min_trades: int = field(default=0, validator=ge(0))
    form: Literal["ratio", "log_trades"] = "ratio"


def registry_of(*specs: tuple[Kind, PluginSpec], version: str = "1.2") -> Registry:
    """Return a registry of these and of the core's own specifications."""
    core: list[tuple[Kind, PluginSpec]] = [
        *((Kind.ENGINE, spec) for spec in builtins.leanopt_engines()),
        *((Kind.EXECUTOR, spec) for spec in builtins.leanopt_executors()),
        *((Kind.SINK, spec) for spec in builtins.leanopt_sinks()),
    ]
    entries = {(kind, s.name): Registered(s, "leanopt-core", "0.1") for kind, s in core}
    for kind, spec in specs:
        entries[kind, spec.name] = Registered(spec, f"leanopt-{spec.name}", version)
    return Registry(entries)


PLUGINS = (
    (Kind.STAGE, StageSpec("lhs", "types:SimpleNamespace", LhsOptions)),
    (Kind.STAGE, StageSpec("ga", "types:SimpleNamespace", GeneticOptions)),
    (Kind.FITNESS, FitnessSpec("calmar", "types:SimpleNamespace", CalmarOptions)),
)

Load = Callable[..., Pipeline]


@pytest.fixture(scope="session")
def sound() -> str:
    """Return the text of a pipeline without a mistake."""
    return SOUND


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Return what the sound pipeline uses: the core's own and three plugins' specifications."""
    return registry_of(*PLUGINS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds the sound pipeline."""
    (tmp_path / "pipeline.toml").write_text(SOUND, encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return what loads a text as `pipeline.toml` in its folder, by default the sound one."""
    monkeypatch.chdir(folder)

    def load(
        text: str = SOUND,
        *,
        registry: Registry | None = None,
        environment: dict[str, str] | None = None,
        **flags: object,
    ) -> Pipeline:
        Path("pipeline.toml").write_text(text, encoding="utf-8")
        return load_pipeline(
            Path("pipeline.toml"),
            registry or registry_of(*PLUGINS),
            environment=environment or {},
            **flags,  # type: ignore[arg-type]  # each test gives what the flag takes
        )

    return load


Messages = Callable[..., list[str]]


@pytest.fixture
def messages(load: Load) -> Messages:
    """Return what loads as `load` does and returns the messages of all mistakes, one a line."""

    def messages(*arguments: str, **flags: object) -> list[str]:
        with pytest.raises(PipelineError) as caught:
            load(*arguments, **flags)
        return [str(mistake) for mistake in caught.value.mistakes]

    return messages
