"""A wake word from its text, in one run: the command `pywakeword train`."""
