"""The walk through what is worth a look: the next place in all images, and why."""
