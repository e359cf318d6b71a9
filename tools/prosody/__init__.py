"""Kit that trains and evaluates the model by which sentences borrow prosody from recordings."""
