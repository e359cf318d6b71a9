"""Verifier models: what a device's candidates are judged by a second time."""
