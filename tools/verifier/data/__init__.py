"""Candidates, training windows and streams for verifiers."""
