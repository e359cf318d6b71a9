"""Models of microWakeWord and openWakeWord, and what runs them (extra `community`)."""
