"""Speech recognisers that tell the second pass whether an utterance is complete."""
