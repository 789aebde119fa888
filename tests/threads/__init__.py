"""Rules R14 and R15: what other threads than the node's may ask of it."""
