"""Training and evaluation of prosody that is chosen from the sentence."""
