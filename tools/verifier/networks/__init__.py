"""Verifier architectures, training and export."""
