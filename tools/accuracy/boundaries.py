"""Where a word starts and ends, two ways: python -m tools.accuracy boundaries WORD... --data DIR.

Regression, which ships: every output gives the time since the word started and
ended. Multi-aligned (arXiv 2008.03790): outputs that peak when the start, or the end, lies
a fixed time ago; the boundary is that time before the peak. Both heads are tuned on one
trunk, from the checkpoint of `python -m tools.release train` in the work folder, and read at the
same moments of the same dev takes.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.training.figures.conditions import Conditions
from pywakeword.training.figures.develop import Development, one_hot
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT, SILENCE, Targets
from pywakeword.training.network.shape import Shape
from pywakeword.training.network.stages import Curriculum, Drawn, Trainer, word_losses
from pywakeword.training.run import add_run_options, prepare_run

# Frames after the boundary at which its output peaks: enough of the word has passed to
# know its start; of its end, the silence after it.
_START_LAG, _END_LAG = 24, 6
_WIDTH = 3.0  # frames, of the soft target around the peak
_HISTORY = 45  # outputs (1.8 s) among which a peak is looked for
_SETTLING = 2  # outputs after the highest score at which both heads are read


class AlignedHeads(nn.Module):
    """Start- and end-aligned logits of every word on the trunk."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.conv = nn.Conv1d(
            shape.channels, shape.head_channels, shape.head_kernel, dilation=shape.head_dilation
        )
        self.out = nn.Conv1d(shape.head_channels, 2 * len(shape.words), 1)

    def forward(self, trunk: Tensor) -> Tensor:
        """(batch, channels, steps) to (batch, words, 2, steps)."""
        logits: Tensor = self.out(functional.relu(self.conv(trunk)))
        return logits.reshape(logits.shape[0], -1, 2, logits.shape[-1])


class Both(nn.Module):
    """The keyword network and the second pair of heads, under one checkpoint."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.aligned = network, AlignedHeads(network.shape)


def aligned_loss(logits: Tensor, goal: Targets) -> Tensor:
    """Cross entropy against a bump around the moment at which the output should peak."""
    losses = []
    for channel, lag, truth in ((0, _START_LAG, goal.start), (1, _END_LAG, goal.end)):
        since = torch.from_numpy(truth) * BOUNDARY_UNIT
        wanted = torch.exp(-0.5 * ((since - lag) / _WIDTH) ** 2).nan_to_num()
        losses.append(functional.binary_cross_entropy_with_logits(logits[:, :, channel], wanted))
    return 4 * torch.stack(losses).sum()


def peak_before(logits: npt.NDArray[np.float32], moment: int) -> float:
    """Output index, with a fraction, of the highest logit in the history before `moment`."""
    first = max(0, moment - _HISTORY)
    at = first + int(np.argmax(logits[first : moment + 1]))
    if not 0 < at < len(logits) - 1:
        return float(at)
    left, middle, right = logits[at - 1 : at + 2]
    curve = left - 2 * middle + right
    return at + (0.5 * (left - right) / curve if curve < 0 else 0.0)


@torch.no_grad()
def errors(
    both: Both, development: Development, word: str, condition: str
) -> dict[str, list[float]]:
    """Signed errors in ms of start and end by either head."""
    both.eval()
    network, shape = both.network, both.network.shape
    index = shape.words.index(word)
    made: dict[str, list[float]] = {}
    for take in development.takes[word, condition]:
        lead = np.full((shape.window_frames - shape.stride, 64), SILENCE, np.float16)
        x = torch.from_numpy(np.concatenate([lead, take.features]).T.astype(np.float32))[None]
        state = network.embed_state(torch.from_numpy(one_hot(take.state))[None])
        trunk = network.trunk(x, state)
        logit, start, end = network.head(index, trunk, state)[0].numpy()
        aligned = both.aligned(trunk)[0, index].numpy()
        moment = min(int(np.argmax(logit)) + _SETTLING, len(logit) - 1)

        def frame(output: float) -> float:
            return shape.stride * output + shape.stride - 1

        found = {
            "regression start": frame(moment) - BOUNDARY_UNIT * start[moment] - take.first_frame,
            "regression end": frame(moment) - BOUNDARY_UNIT * end[moment] - take.last_frame,
            "aligned start": frame(peak_before(aligned[0], moment)) - _START_LAG - take.first_frame,
            "aligned end": frame(peak_before(aligned[1], moment)) - _END_LAG - take.last_frame,
        }
        for name, value in found.items():
            made.setdefault(name, []).append(10 * float(value))
    return made


def main(argv: list[str] | None = None) -> int:
    """Tune both heads, print their errors."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.accuracy boundaries", description=__doc__
    )
    add_run_options(parser)
    parser.add_argument("--steps", type=int, default=3000)
    args = parser.parse_args(argv)
    try:
        run = prepare_run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    checkpoint = args.work / f"words-{run.name}.pt"
    if not checkpoint.exists():
        print(f"error: {checkpoint} is missing: run tools.release first", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    network = Network(run.shape)
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["network"])
    torch.manual_seed(args.seed)
    both = Both(network)
    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed + 5)
    trainer = Trainer("boundary-heads", both, args.work, steps=args.steps, rate=1e-3, seed=15)

    def loss_of(drawn: Drawn) -> dict[str, Tensor]:
        losses, trunk = word_losses(network, drawn)
        return {**losses, "aligned": aligned_loss(both.aligned(trunk), drawn[1])}

    trainer.run(lambda: curriculum.words(48), loss_of)
    development = Development(
        Conditions(args.data, cache=args.work),
        run.shape.words,
        ("quiet", "noise 5"),
        negatives=False,
    )
    print(
        "errors in ms\n| word | condition | head | median | 90th percentile |\n" + "|---" * 5 + "|"
    )
    for word, condition in development.takes:
        for name, values in errors(both, development, word, condition).items():
            median, p90 = np.percentile(np.abs(values), (50, 90))
            print(f"| {word} | {condition} | {name} | {median:.0f} | {p90:.0f} |")
    return 0
