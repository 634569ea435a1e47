"""The options of `lean optimize`, as LEAN's command line has them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from leanopt_lean.importing.flags import Grammar

NO_DOWNLOAD: Final = "leanopt downloads no data: have it in the data folder first"
#: Options that have no counterpart, how many values each takes, and why.
DROPPED: Final = MappingProxyType(
    {
        "--output": (1, "results are in .leanopt beside the pipeline"),
        "--detach": (0, "leanopt run stays in the foreground: nohup or tmux keep it alive"),
        "--estimate": (0, "leanopt plan says how long it takes"),
        "--download-data": (0, NO_DOWNLOAD),
        "--data-purchase-limit": (1, NO_DOWNLOAD),
        "--release": (0, "how a project is built is in its own .csproj"),
        "--addon-module": (1, "there are no modules; the engine writes LEAN's configuration"),
        "--verbose": (0, "leanopt run --verbose says more"),
    }
)
#: How the options of those who provide data begin.
_PROVIDERS: Final = (
    *("--ib-", "--oanda-", "--bitfinex-", "--coinbase-", "--binance", "--kraken-", "--iqfeed-"),
    *("--charles-schwab-", "--polygon-", "--factset-", "--alpha-vantage-", "--coinapi-"),
    *("--thetadata-", "--terminal-link-", "--bybit-", "--trade-station-", "--alpaca-", "--eze-"),
    *("--tastytrade-", "--dydx-", "--databento-", "--webull-", "--public-"),
)
GRAMMAR: Final = Grammar(
    {
        "--strategy": 1,
        "--target": 1,
        "--target-direction": 1,
        "--parameter": 4,
        "--constraint": 1,
        "--optimizer-config": 1,
        "--max-concurrent-backtests": 1,
        "--image": 1,
        "--extra-docker-config": 1,
        "--extra-config": 2,
        "--update": 0,
        "--no-update": 0,
        "--data-provider-historical": 1,
        "--lean-config": 1,
        **{name: count for name, (count, _) in DROPPED.items()},
    },
    {"-d": "--detach", "-p": "--parameter"},
    _PROVIDERS,
)
