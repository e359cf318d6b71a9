"""Utterances with their alignments, features and pauses."""
