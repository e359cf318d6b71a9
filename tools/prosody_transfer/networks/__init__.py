"""The networks: reference encoder, decoder, speaker vectors, and the adversary of training."""
