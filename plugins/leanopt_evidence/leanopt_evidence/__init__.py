"""How much of a best result is selection: pure functions on arrays.

Returns are one a period, in excess of the risk-free rate; Sharpe ratios and their variances are per
period; kurtosis is raw (normal: 3). What is unknown is None with a reason; NaN and infinity are
errors (ValueError). A probability is one minus a p-value, not the chance that a strategy is good.
"""

from leanopt_evidence._bootstrap import Interval, bootstrap_interval, stationary_bootstrap
from leanopt_evidence._cross_validation import (
    CrossValidation,
    Distribution,
    OutOfSamplePath,
    cross_validate,
)
from leanopt_evidence._effective import Clusters, cluster_trials, effective_trials
from leanopt_evidence._inputs import Estimate
from leanopt_evidence._overfitting import Overfitting, probability_of_overfitting
from leanopt_evidence._purged import PurgedSplits, combinatorial_splits
from leanopt_evidence._selection import (
    BacktestLength,
    Deflated,
    deflated_sharpe,
    expected_maximum,
    minimum_backtest_length,
    sharpe_variance,
)
from leanopt_evidence._sharpe import (
    Moments,
    TrackRecord,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpe_error,
)
from leanopt_evidence._superiority import (
    RealityCheck,
    Stepwise,
    SuperiorAbility,
    reality_check,
    stepwise_superiority,
    superior_ability,
)

__all__ = [
    "BacktestLength",
    "Clusters",
    "CrossValidation",
    "Deflated",
    "Distribution",
    "Estimate",
    "Interval",
    "Moments",
    "OutOfSamplePath",
    "Overfitting",
    "PurgedSplits",
    "RealityCheck",
    "Stepwise",
    "SuperiorAbility",
    "TrackRecord",
    "bootstrap_interval",
    "cluster_trials",
    "combinatorial_splits",
    "cross_validate",
    "deflated_sharpe",
    "effective_trials",
    "expected_maximum",
    "minimum_backtest_length",
    "minimum_track_record",
    "moments",
    "probabilistic_sharpe",
    "probability_of_overfitting",
    "reality_check",
    "sharpe_error",
    "sharpe_variance",
    "stationary_bootstrap",
    "stepwise_superiority",
    "superior_ability",
]
