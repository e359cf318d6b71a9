"""Audio in, what the page draws out: live streams and recordings."""
