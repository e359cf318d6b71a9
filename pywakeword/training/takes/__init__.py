"""A bank of spoken takes of a wake word, and of what is not the wake word."""
