"""The command line (design 6), one module per command."""
