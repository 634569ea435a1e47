"""Runs stock LEAN for leanopt: one process of its Launcher per backtest."""
