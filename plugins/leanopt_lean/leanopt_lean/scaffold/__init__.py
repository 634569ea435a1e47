"""`leanopt init` for LEAN projects: drafts a pipeline from the source."""
