"""The second pass of endpointing: data, encoder, arbitrator, and their measure."""
