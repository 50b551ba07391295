"""The tables of which actions and memory know, whatever database holds them; their columns are in `schema`."""

TRAIL = (
    *("images", "landmarks", "landmark_order", "deleted_landmarks", "placements"),
    *("reviews", "structure_reviews", "spacings", "readings", "frozen", "frozen_facts"),
    *("left_as_is", "corrected_files", "masks", "measurements", "regions", "deleted_regions"),
    "calipers",
)
"""Tables whose changes can be undone."""
NAMING_IMAGES = (
    *("placements", "reviews", "structure_reviews", "spacings", "readings"),
    *("frozen", "frozen_facts", "left_as_is", "corrected_files", "masks", "calipers"),
)
"""Those of which the first column is the number of an image."""
OWN = ""
"""The project's own opinion: what its readers say who name no other."""
FILE = "file"
"""The source of an image that lies in a file."""
