"""Training kit: python -m tools.release train."""
