"""The keyword network, its batches and its training stages."""
