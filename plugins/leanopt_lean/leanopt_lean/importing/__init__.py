"""Imports pipelines from the files of LEAN's optimizer and of lean-optimizer."""
