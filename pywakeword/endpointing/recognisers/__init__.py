"""Speech recognisers for the second pass, one per module."""
