"""Model files, their cards and thresholds, and what runs them."""
