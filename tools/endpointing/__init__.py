"""The second pass of endpointing: data, encoder, arbitrator, evaluation."""
