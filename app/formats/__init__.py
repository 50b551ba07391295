"""Exchange formats: one module each, and one registry that window and command line show."""
