"""Runs Python backtests for leanopt, warm: the strategy is imported once, then served."""
