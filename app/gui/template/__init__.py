"""The template, and the list of its structures."""
