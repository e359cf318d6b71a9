"""Train a wake word: recordings, synthesis, networks, export (extra `train`)."""
