"""The contact sheet: crops of every image around the chosen landmark."""
