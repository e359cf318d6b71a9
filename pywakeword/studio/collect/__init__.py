"""What the page keeps on disk, and the training that uses it."""
