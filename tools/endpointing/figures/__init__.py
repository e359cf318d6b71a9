"""Comparison of endpointers: sweeps, reports, calibration."""
