"""Prosody of a sentence: chosen by a model, taken from a recording, or marked up by rule."""
