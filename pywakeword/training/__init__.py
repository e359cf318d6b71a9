"""Training of wake words (extra `train`)."""
