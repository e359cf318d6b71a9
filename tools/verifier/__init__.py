"""Verifier models, which score a device's detections a second time."""
