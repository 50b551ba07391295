"""What the commands of the menus do: one small function each."""
