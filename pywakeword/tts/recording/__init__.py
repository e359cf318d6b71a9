"""Alignment, pitch and contours of recorded speech."""
