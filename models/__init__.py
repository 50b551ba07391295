"""DenseSeg's network and losses: torch only; knows nothing of the application."""
