"""The open project: the session is the one door; behind it one module per subject."""
