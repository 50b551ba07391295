"""The history of the project."""
