"""The voice activity network: labels, training, export and its comparison with others."""
