"""Prints each wake word that the microphone records: python microphone.py [MODEL]"""

import sys
from contextlib import suppress

import pywakeword as pww

spotter = pww.WakeWord(sys.argv[1] if len(sys.argv) > 1 else "computer")
with pww.MicrophoneSource() as microphone, suppress(KeyboardInterrupt):
    for block in microphone:
        for word in spotter.process(block):
            at_s = word.start_sample / spotter.sample_rate
            print(f"{word.keyword} at {at_s:.2f} s, score {word.score:.2f}", flush=True)
