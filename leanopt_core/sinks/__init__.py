"""Outputs for finished trials besides the store."""
