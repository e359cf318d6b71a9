"""The Wyoming protocol of Home Assistant: a wake-word service, and a client's connection.

Needs the extra `wyoming`. The protocol has neither encryption nor passwords: keep it
on the loopback interface or on a network that you trust.
"""

from pywakeword._wyoming import WyomingConnection
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText
from pywakeword.wyoming.wake_service import WakeService

__all__ = ["WakeService", "WyomingConnection", "WyomingSpeechToText"]
