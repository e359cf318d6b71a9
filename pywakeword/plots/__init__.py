"""Plots of results, one kind per module (extra `evaluate`)."""
