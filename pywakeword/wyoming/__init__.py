"""Home Assistant's Wyoming protocol: a service, and a speech-to-text client.

The service finds wake words and, if asked to, speech, and speaks.

Needs the extra `wyoming`. The protocol has no encryption and no passwords: use it on the
loopback interface or on a network that you trust.
"""

from pywakeword._wyoming import WyomingConnection
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText
from pywakeword.wyoming.text_to_speech import SpeechOffer
from pywakeword.wyoming.wake_service import WakeService

__all__ = ["SpeechOffer", "WakeService", "WyomingConnection", "WyomingSpeechToText"]
