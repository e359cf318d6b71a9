"""Measures a detector: scores of recordings, misses and false accepts, CPU time."""
