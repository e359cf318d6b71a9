"""Attacks on the servers and on the client, on this machine only and with bounded loops."""
