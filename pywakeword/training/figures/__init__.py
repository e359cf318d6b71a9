"""Conditions in which a model is measured, and the figures of its card."""
