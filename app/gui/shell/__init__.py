"""The main window: menus, messages, jobs, status, settings."""
