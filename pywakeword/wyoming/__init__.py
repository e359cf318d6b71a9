"""Home Assistant's Wyoming protocol: a wake-word service, and a speech-to-text client.

Needs the extra `wyoming`. The protocol has no encryption and no passwords: use it on the
loopback interface or on a network that you trust.
"""

from pywakeword._wyoming import WyomingConnection
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText
from pywakeword.wyoming.wake_service import WakeService

__all__ = ["WakeService", "WyomingConnection", "WyomingSpeechToText"]
