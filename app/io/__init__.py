"""Files in: radiographs, bundles, and the network's input."""
