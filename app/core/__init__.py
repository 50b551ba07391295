"""The domain: coordinates, templates, predictions and propagation. Pure numpy; no Qt, no torch, no files."""
