"""Acoustic conditions in which detectors are compared."""
