"""The network: architecture, training, TFLite graph, card."""
