"""Measures transfers: contours, target voice, and speaker leakage in the code."""
