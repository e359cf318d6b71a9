"""Text analysis: sentences, tokens, questions, phones, syntax and sentence vectors."""
