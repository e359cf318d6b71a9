"""Has a verifier judge each detection: python verifier.py URL MODEL RECORDING.wav

`pywakeword verifier serve` runs a verifier, by default at http://127.0.0.1:8080.
"""

import sys

import pywakeword as pww
from pywakeword.verifier import Verifier

url, model, recording = sys.argv[1:]
spotter = pww.WakeWord(model)
with Verifier(url, thresholds=spotter.thresholds) as verifier:
    for block in pww.FileSource(recording):
        for word in spotter.process(block):
            decision = verifier.verify(word)
            judged = "accepted" if decision.accepted else "rejected"
            print(f"{word.keyword} {judged} by the {decision.source} ({decision.reason})")
