"""The tools of the image, one file each."""
