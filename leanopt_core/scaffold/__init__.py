"""A first pipeline for a strategy, from what its source says. The source is read, never run."""
