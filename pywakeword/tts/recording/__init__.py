"""Measurements on recorded speech: alignment with its text, pitch and contours."""
