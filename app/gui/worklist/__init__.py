"""The worklist: one row per image."""
