"""The export dialog, and running exports."""
