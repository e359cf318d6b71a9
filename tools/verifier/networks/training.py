"""Trains every verifier on the same batches, one run per seed; resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.training.network.network import Network
from pywakeword.training.network.stages import Trainer
from tools.verifier.data.sampling import Sampler, Windows
from tools.verifier.networks import hmm
from tools.verifier.networks.architectures import N_STEPS, PARTS, Cnn, Cra, FrameDnn

NETWORKS = ("cra-195", *PARTS)
DNN_HMM = "dnn-hmm"
_BOUNDARY_SHARE = 0.5
_TRUNK_SHARE = 0.3  # of the learning rate: the device's trunk has less to learn
_BOUNDARY_UNIT = 50.0  # frames
_REALIGNED_FROM = 1 / 3  # of the steps: from here on the HMM cuts the words itself
_SECOND_STAGE_BATCHES = 80
_RATE = 1.2e-3


class VerifierNetworks(nn.Module):
    """One of each, for the same words."""

    def __init__(self, device: Network, words: tuple[str, ...], *, wide: int = 0) -> None:
        super().__init__()
        self.words, self.wide = words, wide
        made: dict[str, nn.Module] = {"cra-195": Cra(device, wide)}
        made |= {name: Cnn(device, len(words), part) for name, part in PARTS.items()}
        self.networks = nn.ModuleDict(made)
        self.dnn = FrameDnn(device, hmm.N_STATES * len(words) + 1)
        # Shares of the states in the targets, for scaled likelihoods.
        self.register_buffer("prior", torch.full((hmm.N_STATES * len(words) + 1,), 0.01))

    def logits(self, name: str, batch: Windows) -> Tensor:
        """(batch, words) of a network."""
        if name == "cra-195":
            found = self.networks[name](batch.features, batch.n_frames, batch.state)[0]
        else:
            found = self.networks[name](batch.features)
        logits: Tensor = found
        return logits

    @torch.no_grad()
    def likelihoods(self, features: Tensor, word: int) -> npt.NDArray[np.float32]:
        """(batch, steps, N_STATES + 1) scaled log likelihoods of a word and the filler."""
        scaled = self.dnn(features).log_softmax(1) - self.prior.log()[None, :, None]
        first = word * hmm.N_STATES
        columns = [*range(first, first + hmm.N_STATES), scaled.shape[1] - 1]
        return scaled[:, columns].transpose(1, 2).numpy()


def run_name(words: tuple[str, ...], seed: int, *, only_cra: bool = False, wide: int = 0) -> str:
    """Return what the files of a run are called."""
    named = f"verifier-{'-'.join(words)}-{seed}" + "-cra-195" * only_cra
    return named + f"-wide{wide}" * (wide > 0)


def train(
    verifiers: VerifierNetworks,
    sampler: Sampler,
    work: Path,
    *,
    steps: int,
    batch: int,
    seed: int,
    only_cra: bool = False,
    bfloat16: bool = False,
) -> None:
    """Train all of them, or the CRA alone; a second call goes on where the first was stopped."""
    name = run_name(verifiers.words, seed, only_cra=only_cra, wide=verifiers.wide)
    cra = verifiers.networks["cra-195"]
    assert isinstance(cra, Cra)
    trunk = list(cra.trunk.parameters())
    trainer = Trainer(
        name,
        verifiers,
        work,
        steps=steps,
        rate=_RATE,
        seed=seed,
        slow=trunk,
        slow_share=_TRUNK_SHARE,
    )
    done = [0]

    def loss_of(drawn: Windows) -> dict[str, Tensor]:
        done[0] += 1
        step = trainer.first_step + done[0]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            if only_cra:
                return {"cra-195": _network_loss(verifiers, "cra-195", drawn)}
            losses = {n: _network_loss(verifiers, n, drawn) for n in NETWORKS}
        losses[DNN_HMM] = _dnn_loss(verifiers, drawn, realigned=step > _REALIGNED_FROM * steps)
        return losses

    trainer.run(lambda: sampler(batch), loss_of)


def _network_loss(verifiers: VerifierNetworks, name: str, batch: Windows) -> Tensor:
    wanted = functional.one_hot(batch.word + 1, len(verifiers.words) + 1)[:, 1:].float()
    loss = torch.zeros(())
    if name == "cra-195":
        logits, start, end = verifiers.networks[name](batch.features, batch.n_frames, batch.state)
        for found, truth in ((start, batch.start), (end, batch.end)):
            error = (found - truth.nan_to_num()[:, None]).abs() * wanted / _BOUNDARY_UNIT
            loss = loss + _BOUNDARY_SHARE * error.sum() / wanted.sum().clamp_min(1)
    else:
        logits = verifiers.logits(name, batch)
    logits = logits.float()
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    # Focus on what is still wrong: easy silence must not drown a near miss.
    wrong = (logits.detach().sigmoid() - wanted).abs()
    weight = wrong.clamp_min(0.05).sqrt() * (1 + wanted)
    return loss + 4 * (entropy * weight).mean()


def _dnn_loss(verifiers: VerifierNetworks, batch: Windows, *, realigned: bool) -> Tensor:
    n_states, filler = hmm.N_STATES, hmm.N_STATES * len(verifiers.words)
    flat = hmm.flat_targets(batch.start.numpy(), batch.end.numpy(), N_STEPS)
    states = np.where(flat < 0, filler, flat + n_states * batch.word.numpy()[:, None])
    logits = verifiers.dnn(batch.features)
    if realigned:
        scaled = (logits.detach().log_softmax(1) - verifiers.prior.log()[None, :, None]).numpy()
        for i in np.flatnonzero(batch.word.numpy() >= 0):
            # The word lies within its labelled bounds, its states where the DNN finds them.
            inside = np.flatnonzero(flat[i] >= 0)
            steps = slice(max(inside[0] - 1, 0), inside[-1] + 2)
            own = n_states * int(batch.word[i])
            columns = [*range(own, own + n_states), filler]
            likelihood = scaled[i][columns, steps].T
            if len(likelihood) >= n_states + 2:
                _, path = hmm.align(likelihood)
                states[i, steps] = np.where(path < 0, filler, path + own)
    wanted = torch.from_numpy(states)
    there = (torch.arange(N_STEPS) * 4)[None] < batch.n_frames[:, None]
    share = torch.bincount(wanted[there], minlength=filler + 1) / there.sum()
    if verifiers.training:
        verifiers.prior.lerp_(share, 0.01)
    loss = functional.cross_entropy(logits, wanted, reduction="none")
    return (loss * there).sum() / there.sum()


def describe_windows(
    verifiers: VerifierNetworks, features: Tensor, n_frames: Tensor, word: int
) -> npt.NDArray[np.float64]:
    """Return alignments of candidates, the input of the second stage."""
    likelihoods = verifiers.likelihoods(features, word)
    n_steps = (n_frames.numpy() + 3) // 4
    return np.stack([hmm.describe(row, int(n)) for row, n in zip(likelihoods, n_steps)])


def second_stage_examples(
    verifiers: VerifierNetworks,
    sampler: Sampler,
    path: Path,
    *,
    batch: int,
    batches: int = _SECOND_STAGE_BATCHES,
) -> None:
    """Align fresh training windows with every word, for the second stage to learn from."""
    if path.exists():
        return
    verifiers.eval()
    drawn = [sampler(batch) for _ in range(batches)]
    rows: dict[str, Any] = {
        word: np.concatenate(
            [describe_windows(verifiers, d.features, d.n_frames, i) for d in drawn]
        )
        for i, word in enumerate(verifiers.words)
    }
    rows["word"] = torch.cat([d.word for d in drawn]).numpy()
    np.savez(path, **rows)
