"""Runs stock LEAN for leanopt: a process of its Launcher for each backtest."""
