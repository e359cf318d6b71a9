"""Comparison with other detectors."""
