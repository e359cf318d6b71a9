"""Comparison of verifiers, and of the device together with a verifier."""
