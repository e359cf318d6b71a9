"""The device's own sound with what went to the loudspeaker: for training and for measuring."""
