"""Addons: voices as data, with exported networks and a JSON file that describes their blocks."""

from pywakeword.tts.addon.addon import Addon, available_addons

__all__ = ["Addon", "available_addons"]
