"""What all views use: theme, buttons, colours, markers."""
