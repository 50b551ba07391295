"""What the window shows and what runs: the state that all views follow."""
