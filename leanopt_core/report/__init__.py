"""Reports on runs and plans, for people and programs; `cli` prints them."""
