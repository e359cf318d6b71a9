"""Serves verdicts over HTTP and WebSocket, on one machine or on Ray Serve (extra `server`)."""
