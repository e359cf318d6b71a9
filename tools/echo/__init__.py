"""The echo canceller beside its peers: echo return loss, convergence, double talk, cost."""
