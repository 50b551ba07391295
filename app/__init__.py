"""DenseSeg Review: reviewing dense segmentations and landmarks on radiographs."""
