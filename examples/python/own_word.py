"""Detects a wake word of your own in a recording: python own_word.py MODEL.tflite RECORDING.wav

The model's card, MODEL.json, must lie beside it.
"""

import sys

import pywakeword as pww

model, recording = sys.argv[1:]
spotter = pww.WakeWord(model)
for block in pww.FileSource(recording):
    for word in spotter.process(block):
        at_s = word.start_sample / spotter.sample_rate
        print(f"{word.keyword} at {at_s:.2f} s, score {word.score:.2f}")
