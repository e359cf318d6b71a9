"""Labels by energy, sounds and mixtures for training."""
