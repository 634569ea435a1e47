"""Whoever is told about finished trials, beside the store."""
