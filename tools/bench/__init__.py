"""Measurements that a figure in the documentation or in a comment comes from."""
