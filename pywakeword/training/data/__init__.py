"""The training data that travels in a package of its own: trunk, negatives, other sounds."""
