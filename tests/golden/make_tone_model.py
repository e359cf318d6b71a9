"""Write tone.tflite: a tiny int8 network with a known answer, for tests of the spotter.

Keyword 0 is a tone near 1 kHz, keyword 1 one near 3 kHz: the logit grows with the
level of the keyword's band above the mean of all bands, averaged over the window of 25
frames. Every word "starts" 30 and "ends" 5 frames before the end of the window. While
the playback state is music (index 2), logits fall so far that nothing is found.

Run from the repository root: PYTHONPATH=. python tests/golden/make_tone_model.py
"""

from pathlib import Path

import numpy as np

from pywakeword.training.export.tflite_writer import GraphBuilder, Quantization, quantize_layer

PATH = Path(__file__).parent / "tone.tflite"
N_BINS = 64
N_STATE = 22
WINDOW_FRAMES = 25
BANDS = (slice(20, 23), slice(41, 44))  # mel filters around 1 and 3 kHz
START_FRAMES = 30.0
END_FRAMES = 5.0
MUSIC = 8 + 2  # place of playback="music" in the one-hot state

FEATURES = Quantization(0.1, 20)
LEVELS = Quantization(0.1, -28)  # relative level of a band, -10 to 15.5
STATE = Quantization(1.0 / 255, -128)
FRAMES = Quantization(0.5, 0)
LOGITS = Quantization(0.15, 0)


def build() -> bytes:
    """Return the file's bytes."""
    graph = GraphBuilder("tone detector for tests")
    features = graph.input("features", (1, WINDOW_FRAMES, 1, N_BINS), FEATURES)
    state = graph.input("state", (1, N_STATE), STATE)
    n_keywords = len(BANDS)

    contrast = np.full((n_keywords, N_BINS), -1.0 / N_BINS)
    for keyword, band in enumerate(BANDS):
        contrast[keyword, band] += 1.0 / (band.stop - band.start)
    x = features
    taps = np.repeat(contrast[:, None, None, :], 5, axis=1) / 5
    for name, length, stride in (("average5", 5, 2), ("average3", 3, 2), ("average_last", 5, 1)):
        if x is not features:
            taps = np.repeat(np.eye(n_keywords)[:, None, None, :], length, axis=1) / length
        layer = quantize_layer(taps, np.zeros(n_keywords), input_scale=x.quantization.scale)
        x = graph.conv_2d(x, *layer, name, LEVELS, stride=(stride, 1))
    levels = graph.reshape(x, (1, n_keywords), "levels")

    music = np.zeros((1, N_STATE))
    music[0, MUSIC] = 10.0
    layer = quantize_layer(music, np.zeros(1), input_scale=STATE.scale)
    embedding = graph.fully_connected(state, *layer, "embedding", LEVELS)
    joined = graph.concatenation([levels, embedding], "joined")

    heads = {
        "logits": (np.c_[2 * np.eye(n_keywords), -np.full(n_keywords, 4.0)], -6.0, LOGITS),
        "start": (np.zeros((n_keywords, n_keywords + 1)), START_FRAMES, FRAMES),
        "end": (np.zeros((n_keywords, n_keywords + 1)), END_FRAMES, FRAMES),
    }
    for name, (weights, bias, quantization) in heads.items():
        # A head of zeros still needs a scale in which its bias is exact enough.
        layer = quantize_layer(weights, np.full(n_keywords, bias), input_scale=LEVELS.scale)
        graph.output(graph.fully_connected(joined, *layer, name, quantization))
    return graph.to_bytes()


if __name__ == "__main__":
    PATH.write_bytes(build())
