"""The image: picture, overlays, markers, texts, and what the mouse and keys do in it."""
