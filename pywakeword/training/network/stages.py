"""Stage 2 and 3: distil the teacher into the trunk, then teach the words.

Both stages write a checkpoint and a CSV log every few hundred steps and resume from it.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from pywakeword.training.material.features import Store
from pywakeword.training.network.mixing import Mixed, Mixer
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import (
    BOUNDARIES,
    BOUNDARY_UNIT,
    Targets,
    align_to_teacher,
    crop,
    random_start,
    start_around_word,
    targets,
    teacher_rows,
)
from pywakeword.training.network.shape import Shape

_SAVE_EVERY = 250
_OWN_VOICE_SHARE = 0.04  # of a batch: the device itself says a wake word
_ONSET_SHARE = 0.08  # of a batch: the stream has just begun
_TEMPO_SHARE, _TEMPO = 0.5, (0.85, 1.3)  # of a batch: spoken slower or faster
# Of a batch: clips with a word, for up to two words and for each further one. The rest decides
# the false accepts, and so the threshold.
_POSITIVE_SHARE, _POSITIVE_SHARE_PER_WORD = 0.25, 0.02
# Share of every kind of clip among the positives; what a store lacks goes to the others.
_POSITIVE_SHARES = {"real": 0.36, "synthetic": 0.08, "natural": 0.38, "spliced": 0.18}
# A kind with fewer clips than this has a smaller share: two takes are not a third of a batch.
_FULL_SHARE_CLIPS = 200

Batch = TypeVar("Batch")


class Trainer:
    """Shared by both stages: optimiser, schedule, checkpoint, log.

    `slow` are parameters that learn at `slow_share` of the rate.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        work: Path,
        *,
        steps: int,
        rate: float,
        seed: int,
        slow: Sequence[nn.Parameter] = (),
        slow_share: float = 1.0,
    ) -> None:
        self.name, self.network, self.steps = name, network, steps
        self._checkpoint = work / f"{name}.pt"
        self._log = work / f"{name}.csv"
        held = {id(p) for p in slow}
        fast = [p for p in network.parameters() if id(p) not in held]
        groups = [
            {"params": some, "weight_decay": decay, "lr": group_rate}
            for params, group_rate in ((fast, rate), (list(slow), rate * slow_share))
            for some, decay in (
                ([p for p in params if p.ndim > 1], 1e-2),
                ([p for p in params if p.ndim <= 1], 0.0),
            )
            if some
        ]
        self.optimiser = torch.optim.AdamW(groups)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            [g["lr"] for g in groups],
            total_steps=steps,
            pct_start=0.08,
            final_div_factor=50,
        )
        self.first_step = 0
        torch.manual_seed(seed)

    def resume(self) -> bool:
        """Load the last checkpoint; True when the stage is complete."""
        if not self._checkpoint.exists():
            return False
        saved = torch.load(self._checkpoint, weights_only=True)
        self.network.load_state_dict(saved["network"])
        self.first_step = saved["step"]
        if self.first_step >= self.steps:
            return True
        self.optimiser.load_state_dict(saved["optimiser"])
        self.schedule.load_state_dict(saved["schedule"])
        return False

    def _save(self, step: int) -> None:
        part = self._checkpoint.with_suffix(".part")
        state = {
            "network": self.network.state_dict(),
            "step": step,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        try:
            torch.save(state, part)
        except RuntimeError as error:  # PyTorch's, on a full disk
            raise OSError(f"{part} cannot be written: {error}") from None
        part.replace(self._checkpoint)  # never half a checkpoint

    def run(
        self,
        draw: Callable[[], Batch],
        loss_of: Callable[[Batch], dict[str, Tensor]],
        each_save: Callable[[int], None] | None = None,
        restart: Callable[[int], None] | None = None,
    ) -> None:
        """Step until the end; `loss_of(draw())` gives named losses that are summed.

        A second thread draws the next batch meanwhile, but never across a save: what
        `each_save` changes holds for every later batch, in every run. `restart` gets the step
        from which batches are drawn, after a save or in a resumed run: both draw the same.
        """
        if self.resume():
            return
        if restart is not None:
            restart(self.first_step)
        self.network.train()
        sums: dict[str, float] = {}
        began = time.monotonic()
        with ThreadPoolExecutor(1) as ahead:
            drawn = ahead.submit(draw)
            for step in (bar := trange(self.first_step, self.steps, desc=self.name, disable=None)):
                batch = drawn.result()
                saves = (step + 1) % _SAVE_EVERY == 0 or step + 1 == self.steps
                if not saves:
                    drawn = ahead.submit(draw)
                losses = loss_of(batch)
                self.optimiser.zero_grad(set_to_none=True)
                torch.stack(list(losses.values())).sum().backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
                self.optimiser.step()
                self.schedule.step()
                for key, value in losses.items():
                    sums[key] = sums.get(key, 0.0) + float(value.detach())
                if saves:
                    means = {k: v / _SAVE_EVERY for k, v in sums.items()}
                    bar.set_postfix({k: f"{v:.3f}" for k, v in means.items()})
                    self._append_log(step + 1, time.monotonic() - began, means)
                    self._save(step + 1)
                    sums.clear()
                    if each_save is not None:
                        each_save(step + 1)
                        self.network.train()
                    if restart is not None:
                        restart(step + 1)
                    drawn = ahead.submit(draw)

    def _append_log(self, step: int, seconds: float, means: dict[str, float]) -> None:
        new = not self._log.exists()
        with self._log.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", "seconds", *means])
            writer.writerow([step, f"{seconds:.0f}", *(f"{v:.5f}" for v in means.values())])


class Curriculum:
    """Draws batches from the stores; `varied` with other tempos and dull voices too."""

    def __init__(
        self, speech: Store, interference: Store, shape: Shape, seed: int, *, varied: bool = True
    ) -> None:
        self.store, self.shape, self._seed = speech, shape, seed
        self.rng = np.random.default_rng(seed)
        spoken = tuple(w.replace("_", " ") for w in shape.words)
        dull: dict[str, float] = {} if varied else {"dull_share": 0.0}
        self.mixer = Mixer(interference, seed + 1, spoken, **dull)
        self._tempo_share = _TEMPO_SHARE if varied else 0.0
        entries = speech.entries
        rows = speech.embeddings[:: max(1, len(speech.embeddings) // 20_000)].astype(np.float32)
        rows = rows[np.isfinite(rows[:, 0])]
        if not len(rows):  # made without the teacher
            rows = np.zeros((2, speech.embeddings.shape[1]), np.float32)
        self.mean, self.std = torch.tensor(rows.mean(0)), torch.tensor(rows.std(0) + 1e-3)
        frames = np.array([e.n_frames for e in entries], np.float64)
        self._by_length = frames / frames.sum()
        self.negatives = np.array([i for i, e in enumerate(entries) if e.label not in shape.words])
        # Longer clips hold more; every clip keeps a share, so that isolated words count.
        self.hardness = np.sqrt(frames[self.negatives])
        kinds = np.array([entries[i].kind for i in self.negatives])
        # As many of these as of the word, so that the voice or the splice never is the word.
        self._matched = {k: np.flatnonzero(kinds == k) for k in ("natural", "spliced")}
        self._others = np.flatnonzero(~np.isin(kinds, list(self._matched)))
        self._positives = {
            w: {
                kind: found
                for kind in _POSITIVE_SHARES
                if (found := [i for i, e in enumerate(entries) if e.label == w and e.kind == kind])
            }
            for w in shape.words
        }
        # A word with four times the clips is drawn twice as often.
        sizes = [sum(map(len, self._positives[w].values())) for w in shape.words]
        self._word_shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
        self._positive_share = _POSITIVE_SHARE + _POSITIVE_SHARE_PER_WORD * max(
            len(shape.words) - 2, 0
        )

    def restart(self, step: int) -> None:
        """Draw from here on what every run draws from this step on."""
        self.rng = np.random.default_rng([self._seed, step])
        self.mixer.restart(step)

    def _draw(self, batch: int) -> list[int]:
        """Choose the clips of a batch: a quarter or more holds a word."""
        rng = self.rng
        picks: list[int] = []
        drawn: dict[str, int] = {}
        counts = rng.multinomial(round(batch * self._positive_share), self._word_shares)
        for word, count in zip(self.shape.words, counts):
            pools = self._positives[word]
            shares = np.array(
                [
                    _POSITIVE_SHARES[kind] * min(1.0, len(clips) / _FULL_SHARE_CLIPS)
                    for kind, clips in pools.items()
                ]
            )
            for kind in rng.choice(list(pools), count, p=shares / shares.sum()):
                drawn[kind] = drawn.get(kind, 0) + 1
                picks.append(pools[kind][int(rng.integers(len(pools[kind])))])
        groups = [(places, drawn.get(kind, 0)) for kind, places in self._matched.items()]
        rest = batch - len(picks) - sum(n for places, n in groups if len(places))
        for places, count in [*groups, (self._others, rest)]:
            if len(places) and count:
                weights = self.hardness[places] / self.hardness[places].sum()
                picks += [int(i) for i in self.negatives[rng.choice(places, count, p=weights)]]
        return picks

    def distillation(self, batch: int, n_steps: int = 41) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features, state, standardised teacher rows and their mask."""
        shape, store, rng = self.shape, self.store, self.rng
        n_frames = shape.trunk_frames + shape.stride * (n_steps - 1)
        crops, rows, masks = [], [], []
        for index in rng.choice(len(store.entries), batch, p=self._by_length):
            entry = store.entries[index]
            start = align_to_teacher(random_start(entry, n_frames, 120, rng), shape)
            crops.append(crop(store, entry, start, n_frames))
            row, mask = teacher_rows(store, entry, start, n_steps, shape)
            rows.append(row)
            masks.append(mask)
        mixed = self.mixer(np.stack(crops), mixed_share=0.6)
        teacher = (torch.from_numpy(np.stack(rows)) - self.mean) / self.std
        return (
            mixed.features,
            mixed.state,
            teacher.transpose(1, 2),
            torch.from_numpy(np.stack(masks)),
        )

    def words(self, batch: int, n_steps: int = 41) -> tuple[Mixed, Targets, Tensor, Tensor]:
        """Features, state, targets, teacher rows and mask; a quarter holds a word."""
        shape, store, rng = self.shape, self.store, self.rng
        n_frames = shape.window_frames + shape.stride * (n_steps - 1)
        picks = self._draw(batch)
        own = round(batch * _OWN_VOICE_SHARE)
        slowest, fastest = np.log(_TEMPO)
        tempos = np.exp(rng.uniform(slowest, fastest, batch))
        tempos[rng.random(batch) >= self._tempo_share] = 1.0
        entries = [store.entries[i].at_tempo(t) for i, t in zip(picks, tempos)]
        starts, crops, rows, masks = [], [], [], []
        onsets = np.zeros(batch, np.int64)
        head_frames = shape.window_frames - shape.trunk_frames
        trunk_steps = n_steps + head_frames // shape.stride
        for i, entry in enumerate(entries):
            if entry.label in shape.words:
                start = start_around_word(entry, n_frames, shape.window_frames, rng)
                latest = entry.word_start - start - 10
            else:
                start = random_start(entry, n_frames, shape.window_frames, rng)
                latest = 0.6 * n_frames
            start = align_to_teacher(start, shape)
            starts.append(start)
            if rng.random() < _ONSET_SHARE and latest > 1:
                onsets[i] = rng.integers(1, int(latest) + 1)
            crops.append(crop(store, entry, start, n_frames, float(tempos[i])))
            row, mask = teacher_rows(store, entry, start, trunk_steps, shape)
            rows.append(row)
            masks.append(mask)
        voices = [e.kind for e in entries]
        for i in range(batch - own, batch):  # the last are negatives: the device speaks instead
            crops[i] = self.mixer.own_word(n_frames, shape.window_frames)
            voices[i] = "own"
            masks[i][:] = False
        mixed = self.mixer(np.stack(crops), voices=voices, onsets=onsets)
        teacher = (torch.from_numpy(np.stack(rows)) - self.mean) / self.std
        goal = targets(entries, starts, n_steps, shape)
        return mixed, goal, teacher.transpose(1, 2), torch.from_numpy(np.stack(masks))


def _distillation_loss(out: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    difference = functional.smooth_l1_loss(out[..., ::2], teacher, reduction="none").mean(1)
    return (difference * mask).sum() / mask.sum().clamp_min(1)


def distil(
    network: Network,
    curriculum: Curriculum,
    work: Path,
    *,
    steps: int,
    batch: int = 40,
    name: str = "distil",
) -> None:
    """Stage 2: the trunk learns the teacher's output, with noise in its input."""
    trainer = Trainer(name, network, work, steps=steps, rate=4e-3, seed=11)

    def loss_of(drawn: tuple[Tensor, Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        features, state, teacher, mask = drawn
        out = network.distill(network.trunk(features, network.embed_state(state)))
        return {"distillation": _distillation_loss(out, teacher, mask)}

    trainer.run(lambda: curriculum.distillation(batch), loss_of)


def teach_words(
    network: Network,
    curriculum: Curriculum,
    work: Path,
    *,
    steps: int,
    batch: int = 64,
    rate: float = 2.5e-3,
    mine: Callable[[int], None] | None = None,
    name: str = "words",
    bfloat16: bool = False,
    trunk_share: float = 1.0,
) -> None:
    """Stage 3: posterior, start and end of every word; the teacher stays as an anchor.

    `bfloat16` computes the convolutions in bfloat16, in 0.6 of the time on a processor that has
    such instructions. `trunk_share` is the trunk's share of the rate: a trained trunk has less
    to learn than a head.
    """
    heads = {id(p) for p in network.heads.parameters()}
    trunk = [p for p in network.parameters() if id(p) not in heads] if trunk_share != 1.0 else []
    trainer = Trainer(
        name, network, work, steps=steps, rate=rate, seed=12, slow=trunk, slow_share=trunk_share
    )

    def loss_of(drawn: Drawn) -> dict[str, Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            return word_losses(network, drawn)[0]

    trainer.run(lambda: curriculum.words(batch), loss_of, mine, curriculum.restart)


Drawn = tuple[Mixed, Targets, Tensor, Tensor]


def word_losses(network: Network, drawn: Drawn) -> tuple[dict[str, Tensor], Tensor]:
    """Return the losses of posterior, boundaries and distillation, and the trunk's output."""
    mixed, goal, teacher, mask = drawn
    embedded = network.embed_state(mixed.state)
    trunk = network.trunk(mixed.features, embedded)
    out = torch.stack([network.head(i, trunk, embedded) for i in range(len(network.heads))], 1)
    losses = head_losses(out.float(), goal)
    losses["distillation"] = 0.3 * _distillation_loss(network.distill(trunk), teacher, mask)
    return losses, trunk


def head_losses(out: Tensor, goal: Targets) -> dict[str, Tensor]:
    """Return the losses of posterior and boundaries; `out` is (batch, words, 3, steps)."""
    posterior = torch.from_numpy(goal.posterior)
    known = ~posterior.isnan()
    wanted = posterior.nan_to_num()
    entropy = functional.binary_cross_entropy_with_logits(out[:, :, 0], wanted, reduction="none")
    # Focus on what is still wrong: easy silence must not drown a near miss.
    wrong = (out[:, :, 0].detach().sigmoid() - wanted).abs()
    weight = known * wrong.clamp_min(0.05).sqrt() * (1 + 3 * wanted)
    losses = {"posterior": 4 * (entropy * weight).sum() / known.sum()}
    boundary = torch.zeros(())
    since_end = torch.from_numpy(goal.end) * BOUNDARY_UNIT
    counted = (since_end >= BOUNDARIES[0]) & (since_end <= BOUNDARIES[1])  # never for a nan
    for channel, truth in ((1, goal.start), (2, goal.end)):
        error = (out[:, :, channel] - torch.from_numpy(truth).nan_to_num()).abs()
        boundary = boundary + (error * counted).sum() / counted.sum().clamp_min(1)
    losses["boundary"] = boundary
    return losses
