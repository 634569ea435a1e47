"""Backtests of one strategy by warm LEAN, by the stock Launcher and by a peer."""
