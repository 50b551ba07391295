"""Measurements: those of the image that is shown, and a window over all images."""
