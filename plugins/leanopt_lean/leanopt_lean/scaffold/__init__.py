"""`leanopt init` for LEAN projects: what their source says of a first pipeline."""
