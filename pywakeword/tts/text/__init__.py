"""From text to sentences, tokens, syntax and sentence vectors."""
