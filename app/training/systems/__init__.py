"""What is trained: one system of the paper per file, each with its network, its loss and how its output is decoded."""
