"""Train the arbitrator on pauses, and calibrate it on held-out speakers."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.endpointing.arbitrator import N_TOKENS
from pywakeword.endpointing.prosody import PROSODY_FEATURES
from tools.endpointing.data.examples import Pause
from tools.endpointing.data.tokens import TOKENS

_CUT_WEIGHT, _TEACHER_SHARE = 0.5, 0.5

# Groups of inputs that an ablation hides, in the order of the network's inputs.
PARTS = ("encoding", "tokens", "prosody", "eos")


class Judge(nn.Module):
    """A network with a logit that is calibrated by `temperature`."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor([1.0, 0.0]), requires_grad=False)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the calibrated probability, (b,)."""
        return torch.sigmoid(self.logit(*inputs) * self.temperature[0] + self.temperature[1])

    def logit(self, *inputs: Tensor) -> Tensor:
        """Return the logit before calibration, (b,)."""
        raise NotImplementedError


class ArbitratorNetwork(Judge):
    """Attention over the last 1.5 s, the last phones and prosody, to one logit."""

    def __init__(self, dims: int, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean).float())
        self.register_buffer("scale", torch.as_tensor(scale).float())
        self.project = nn.Linear(dims, 24)
        self.attend = nn.Linear(dims, 2)
        self.embed = nn.Embedding(len(TOKENS), 6)
        self.phones = nn.Linear(6 * N_TOKENS, 16)
        self.drop = nn.Dropout(0.3)
        self.hidden = nn.Linear(24 * 3 + 16 + len(PROSODY_FEATURES) + 1, 32)
        self.out = nn.Linear(32, 1)

    def logit(self, *inputs: Tensor) -> Tensor:
        """Return the logit before calibration, (b,)."""
        frames, mask, tokens, prosody, eos = inputs
        h = torch.tanh(self.project(self.drop(frames)))
        weights = self.attend(frames).masked_fill(mask[..., None] == 0, -1e4).softmax(dim=1)
        pooled = torch.einsum("bta,btd->bad", weights, h).flatten(1)
        phones = torch.tanh(self.phones(self.drop(self.embed(tokens).flatten(1))))
        sound = ((prosody - self.mean) / self.scale).clamp(-4, 4)
        certain = eos.clamp(1e-4, 1 - 1e-4)
        belief = 0.5 * torch.log(certain / (1 - certain))[:, None]
        parts = torch.cat([pooled, h[:, -1], phones, sound, self.drop(belief)], dim=1)
        return self.out(self.drop(torch.relu(self.hidden(parts))))[:, 0]


def tensors(
    pauses: list[Pause], without: Container[str] = ()
) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
    """Return inputs, targets and weights of every question about the pauses.

    The PARTS named in `without` are constant, so that they carry no information.
    """
    asks = [(a, p) for p in pauses for a in p.asks]
    inputs = (
        torch.tensor(np.stack([a.frames for a, _ in asks]).astype(np.float32)),
        torch.tensor(np.stack([a.mask for a, _ in asks])),
        torch.tensor(np.stack([a.tokens for a, _ in asks])),
        torch.tensor(np.stack([a.prosody for a, _ in asks])),
        torch.tensor([a.eos for a, _ in asks], dtype=torch.float32),
    )
    frames, mask, tokens, sound, eos = inputs
    inputs = (
        torch.zeros_like(frames) if "encoding" in without else frames,
        mask,
        torch.zeros_like(tokens) if "tokens" in without else tokens,
        torch.zeros_like(sound) if "prosody" in without else sound,
        torch.full_like(eos, 0.5) if "eos" in without else eos,
    )
    return inputs, *targets_of(pauses)


def targets_of(pauses: list[Pause]) -> tuple[Tensor, Tensor]:
    """Return target and weight of every question about the pauses."""
    targets, weights = [], []
    for pause in pauses:
        truth = float(pause.kind == "end")
        if not np.isnan(pause.teacher):
            truth = (1 - _TEACHER_SHARE) * truth + _TEACHER_SHARE * pause.teacher
        weight = (_CUT_WEIGHT if pause.kind == "cut" else 1.0) * (1.0 if pause.adult else 0.5)
        targets += [truth] * len(pause.asks)
        weights += [weight] * len(pause.asks)
    return torch.tensor(targets), torch.tensor(weights)


def train_arbitrator(
    pauses: list[Pause],
    unheard: list[Pause],
    *,
    seed: int = 1,
    epochs: int = 25,
    rate: float = 2e-3,
    without: Container[str] = (),
) -> ArbitratorNetwork:
    """Train on `pauses`; calibrate on `unheard`, whose speakers the encoder was not trained on."""
    inputs, targets, weights = tensors(pauses, without)
    torch.manual_seed(seed)
    described = inputs[3].numpy()
    network = ArbitratorNetwork(inputs[0].shape[-1], described.mean(0), described.std(0) + 1e-3)
    fit(network, inputs, targets, weights, epochs=epochs, rate=rate)
    inputs, _, _ = tensors(real(unheard), without)
    calibrate(network, inputs, truth_of(real(unheard)))
    return network


def fit(
    network: Judge,
    inputs: tuple[Tensor, ...],
    targets: Tensor,
    weights: Tensor,
    *,
    epochs: int,
    rate: float,
) -> None:
    """Train a network on questions, in random batches."""
    steps = epochs * (len(targets) // 64)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    network.train()
    for _ in range(steps):
        index = torch.randint(len(targets), (64,))
        logit = network.logit(*(i[index] for i in inputs))
        loss = functional.binary_cross_entropy_with_logits(logit, targets[index], weights[index])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    network.eval()


def calibrate(network: Judge, inputs: tuple[Tensor, ...], truth: Tensor) -> None:
    """Fit slope and offset of the logit to the true labels."""
    with torch.no_grad():
        logit = network.logit(*inputs)
    network.temperature.data = calibration_line(logit, truth)


def real(pauses: list[Pause]) -> list[Pause]:
    """Leave out the cuts, which are made."""
    return [p for p in pauses if p.kind != "cut"]


def truth_of(pauses: list[Pause]) -> Tensor:
    """Return 1 for each question whose pause was the end, else 0."""
    return torch.tensor([float(p.kind == "end") for p in pauses for _ in p.asks])


def calibration_line(logit: Tensor, truth: Tensor) -> Tensor:
    """Fit slope and offset of the logit to the true labels (Platt scaling)."""
    line = torch.tensor([1.0, 0.0], requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=50)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(logit * line[0] + line[1], truth)
        loss = loss + 1e-3 * ((line - torch.tensor([1.0, 0.0])) ** 2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return line.detach()
