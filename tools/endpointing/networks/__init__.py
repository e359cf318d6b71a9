"""Encoder and arbitrator: architecture, training, export."""
