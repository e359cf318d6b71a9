"""Transcripts for many devices: batches for a recogniser, and a part of the stream."""
