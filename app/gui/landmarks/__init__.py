"""The list of landmarks."""
