"""Microphones and loudspeakers through PortAudio (extra `mic`): one base class for all."""
