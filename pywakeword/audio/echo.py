"""Subtracts what the device plays from what its microphone records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword._checks import NotCopied, check_integer, check_type
from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.audio.source import AudioSource, PcmBlock


class EchoCanceller(NotCopied):
    """Subtracts the loudspeaker's echo from the microphone, and nothing else.

    A linear adaptive filter. It has no residual suppressor, because a suppressor takes the
    wake word away together with the echo. It finds the delay between the two signals
    itself and follows a change of it.

    One object is one pair of streams: feed it from one thread. The output depends neither
    on how the streams are cut into calls nor on the instruction set.

    Parameters
    ----------
    tail_ms : int
        Length of the echo that is modelled, 40 to 500.
    max_delay_ms : int
        Longest time between the samples that go to the loudspeaker and their arrival in
        the microphone's samples, buffers included, 0 to 400.

    Raises
    ------
    TypeError, ValueError
        If an option is no integer or out of range.

    Notes
    -----
    A partitioned-block frequency-domain Kalman filter after Enzner and Vary (2006) and
    Kuech, Mabande and Enzner (2014).
    """

    def __init__(self, tail_ms: int = 250, max_delay_ms: int = 300) -> None:
        least_tail, most_tail, most_delay = _core.EchoCanceller.LIMITS_MS
        self._core = _core.EchoCanceller(
            _in_range(tail_ms, "tail_ms", least_tail, most_tail),
            _in_range(max_delay_ms, "max_delay_ms", 0, most_delay),
        )

    def process(self, microphone: Pcm, loudspeaker: Pcm) -> npt.NDArray[np.int16]:
        """Return the microphone's samples without the loudspeaker's echo.

        While the loudspeaker is silent, and the echo has died away, the microphone passes
        bit for bit.

        Parameters
        ----------
        microphone : (n_samples,) ndarray of int16, or bytes
            Mono PCM at 16 kHz. Any length, including zero.
        loudspeaker : (n_samples,) ndarray of int16, or bytes
            The samples that the device played at the same time, at the same rate. Silence
            where it played nothing. A signal that the microphone does not pick up changes
            nothing; the microphone's own signal, given as the loudspeaker's, cancels it.

        Returns
        -------
        (n_samples,) ndarray of int16
            No sample later than it came in.

        Raises
        ------
        TypeError
            If an argument is neither an int16 array nor bytes.
        ValueError
            If the two differ in length, or an array is not one-dimensional.
        StreamError
            If another thread is inside this stream.
        """
        return self._core.process(as_pcm(microphone), as_pcm(loudspeaker))

    def reset(self) -> None:
        """Forget the room and the delay."""
        self._core.reset()

    @property
    def erle_db(self) -> float:
        """Echo return loss enhancement: microphone over output in dB, over about 0.8 s.

        Counts while the loudspeaker plays; 0 before. A person who talks lowers it.
        """
        return self._core.erle_db

    @property
    def delay_samples(self) -> int:
        """Samples from the loudspeaker to the strongest part of its echo."""
        return self._core.delay_samples

    @property
    def converged(self) -> bool:
        """Whether the filter expects to leave at most a tenth of the echo's power."""
        return self._core.converged

    @property
    def nbytes(self) -> int:
        """Bytes of the stream's state, all of it allocated at the beginning."""
        return self._core.nbytes


class EchoCancelledSource:
    """A microphone without the echo of the device's own sound.

    Parameters
    ----------
    microphone, loudspeaker : AudioSource
        Two sources that began together and run at one rate: sample i of the one belongs
        to sample i of the other. Their blocks may differ in length. Where the
        loudspeaker's source ends first, the rest is taken as silence; `silent_samples`
        counts it.
    canceller : EchoCanceller, optional
        One with other options, or one to read `erle_db` from.

    Raises
    ------
    AudioError
        While iterating, whatever the sources raise.
    """

    def __init__(
        self,
        microphone: AudioSource,
        loudspeaker: AudioSource,
        *,
        canceller: EchoCanceller | None = None,
    ) -> None:
        if canceller is not None:
            check_type("canceller", canceller, EchoCanceller)
        for name, source in (("microphone", microphone), ("loudspeaker", loudspeaker)):
            if not isinstance(source, Iterable) or isinstance(source, (str, bytes, Mapping)):
                raise TypeError(f"{name} must be a source of audio, got {type(source).__name__}")
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self.canceller = EchoCanceller() if canceller is None else canceller
        self.silent_samples = 0

    def __iter__(self) -> Iterator[PcmBlock]:
        loudspeaker = iter(self._loudspeaker)
        waiting = np.zeros(0, np.int16)
        for block in self._microphone:
            while len(waiting) < len(block):
                played = next(loudspeaker, None)
                if played is None:
                    played = np.zeros(len(block) - len(waiting), np.int16)
                    self.silent_samples += len(played)
                waiting = np.concatenate([waiting, played])
            yield self.canceller.process(block, waiting[: len(block)])
            waiting = waiting[len(block) :]


def _in_range(value: int, name: str, least: int, most: int) -> int:
    check_integer(name, value)
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, got {value}")
    return int(value)
