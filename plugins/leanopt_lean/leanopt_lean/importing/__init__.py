"""Pipelines made of what other optimizers are told: LEAN's, and lean-optimizer."""
