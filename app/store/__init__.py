"""The project file: apsw, changes, undo, history and blobs."""
