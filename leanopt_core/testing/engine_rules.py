"""What the contracts say of engines, for the messages of failed tests."""

from __future__ import annotations

from typing import Final

PREPARE: Final = "make the strategy ready, once, before any worker starts"
CANNOT: Final = "Raises `StrategyError` if it cannot, or if the strategy does not fit `context`"
STRATEGY: Final = "the strategy's name, which stays the same when its code changes"
SOURCE: Final = "the content hash of its own files: part of the search plan and of content keys"
IDENTITY: Final = (
    "a hash of everything that decides a result besides data, scenario and parameters: strategy, "
    "engine, libraries, harness, runtime; part of content keys"
)
COMMAND: Final = "the harness's command line"
MOUNTS: Final = "the files and folders of the host that it must see"
MOUNT_NAME: Final = (
    "Lower-case letters, digits and `_`; any name except `python`, `scratch` and `request`"
)
READS: Final = "the parameters that the source is known to read; `None` if only a run can tell"
NOTES: Final = "what its user may want to know; each one line"
DATA: Final = "the data folder or file that scenarios read"
DATA_FILES: Final = "patterns below `data`"
SCENARIO_FILES: Final = (
    "return the data files that backtests under `scenario` read, with any parameters"
)
TRY_OUT: Final = (
    "import or compile the strategy once where workers run; return its errors, one line each"
)
STATISTICS: Final = "return the names of all statistics that a completed backtest can have"
REQUEST: Final = "write the request of one backtest"
PAYLOAD: Final = "the JSON object to send as one line; the pool adds the `id`"
PLACEHOLDERS: Final = (
    "For each, leanopt fills in the first JSON text that is exactly equal, in the payload and in "
    "each file"
)
FILES: Final = "texts to write first below the request's own folder, by relative name"
OUTPUTS: Final = "the outputs that the answer must have besides the statistics"
OBEYS: Final = (
    "Results come from the strategy as it is now, with the parameters and under the scenario of "
    "their backtest"
)
READ: Final = (
    "read the answer to the request for `backtest`; the same answer gives the same outcome"
)
OUTCOME: Final = "The content of an answer: statistics or a failure, never both"
MESSAGE: Final = "the message for the user"
NUMBERS: Final = "NaN and infinity are errors everywhere"
TIMES: Final = "seconds since 1970-01-01 UTC, increasing"
ASKED: Final = "the parameters that the strategy asked for; `None` if the harness cannot say"
FINGERPRINT: Final = "return a short text that is equal for two backtests that did the same"
CHECKS: Final = "return checks of what this engine needs where workers run, and of its data"
CHECK: Final = (
    "return the problems of the strategy for `context`, one line each; empty if there is none"
)
