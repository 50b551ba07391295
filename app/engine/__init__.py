"""The child processes that decode files and run the network, and the thread that owns them."""
