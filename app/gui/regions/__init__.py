"""Regions and curves: the list of them, with their sizes in the image that is shown."""
