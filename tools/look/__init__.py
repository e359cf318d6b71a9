"""Waking by a look, measured on drawn heads."""
