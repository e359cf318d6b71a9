"""Recordings of the data folder: transcribed, aligned and measured once, then kept in files."""
