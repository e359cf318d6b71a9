"""Fakes, tiny models and servers that several tests share."""
