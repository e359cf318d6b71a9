"""Voices as data: exported networks, and a JSON that says how blocks hold them."""

from pywakeword.tts.addon.addon import Addon, available_addons

__all__ = ["Addon", "available_addons"]
