"""The network of syntactic distances: treebank, training, export and figures."""
