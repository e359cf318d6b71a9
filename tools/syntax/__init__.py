"""Kit that trains and measures the network of syntactic distances."""
