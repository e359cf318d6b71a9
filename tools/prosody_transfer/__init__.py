"""Kit that trains and evaluates the networks of the study addon `copycat` (prosody transfer)."""
