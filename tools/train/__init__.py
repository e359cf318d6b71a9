"""Training kit: python -m tools.train."""
