"""Results out: one module per format."""
