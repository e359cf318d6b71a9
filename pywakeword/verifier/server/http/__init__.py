"""Requests over HTTP: their bodies, their answers and errors, and their schemas."""
