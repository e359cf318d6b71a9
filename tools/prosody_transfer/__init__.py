"""Prosody transfer: train, evaluate and export the networks of the addon `copycat`."""
