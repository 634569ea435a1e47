"""Read and check `pipeline.toml`, and make the plan of its run."""

from leanopt_core.pipeline.expand import PlannedSearch
from leanopt_core.pipeline.load import load_pipeline
from leanopt_core.pipeline.plan import (
    PLAN_VERSION,
    Execution,
    Method,
    PlannedStage,
    SearchPlan,
    execution,
    resolve,
)
from leanopt_core.pipeline.settings import (
    Choice,
    ExecutorSettings,
    Overrides,
    Pipeline,
    StageSettings,
)
from leanopt_core.pipeline.tables import SearchSettings
from leanopt_core.pipeline.units import Bytes, Seconds

__all__ = [
    "PLAN_VERSION",
    "Bytes",
    "Choice",
    "Execution",
    "ExecutorSettings",
    "Method",
    "Overrides",
    "Pipeline",
    "PlannedSearch",
    "PlannedStage",
    "SearchPlan",
    "SearchSettings",
    "Seconds",
    "StageSettings",
    "execution",
    "load_pipeline",
    "resolve",
]
