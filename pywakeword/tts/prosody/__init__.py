"""Choose, transfer and mark the prosody of a sentence."""
