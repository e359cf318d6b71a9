"""Makes the bundled speech addons: corpus, vocoder, acoustic models, export, evaluation."""
