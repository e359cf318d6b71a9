"""Scan recordings, evaluate a detector, time it."""
