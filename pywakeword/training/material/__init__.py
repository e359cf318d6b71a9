"""Recordings, voices, rooms and interference, stored as features."""
