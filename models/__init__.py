"""Bundled models and their cards, installed as `pywakeword.bundled`."""
