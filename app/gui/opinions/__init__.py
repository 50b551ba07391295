"""Opinions of others: the dialog that brings them in, and the window that compares them with ours."""
