"""Write a first pipeline for a strategy from its source, which is read but never run."""
