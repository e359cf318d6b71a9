"""Messages between the verifier's client and server, with their limits.

Both sides parse them with this module; `docs/make/verifier_protocol.md` describes the fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from pywakeword._fields import MAX_TEXT, Fields, field_fault, load_json, printable
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.device_state import DeviceState
from pywakeword.errors import VerifierRefusedError, VerifierUnavailableError

VERIFY_PATH = "/v1/verify"
STREAM_PATH = "/v1/stream"

MAX_METADATA_BYTES = 8 * 1024
MAX_AUDIO_BYTES = 128 * 1024
MAX_REPLY_BYTES = 16 * 1024
MAX_SNIPPET_SAMPLES = MAX_AUDIO_BYTES // 2
PRE_ROLL_SAMPLES = 8000

# One WebSocket connection: 20 s of audio, in frames of 10 ms with as many for pings and pieces.
MAX_STREAM_S = 20.0
MAX_STREAM_BYTES = round(MAX_STREAM_S * 2 * SAMPLE_RATE_HZ) + MAX_AUDIO_BYTES + MAX_METADATA_BYTES
MAX_STREAM_FRAMES = 4096

DECISIONS = ("accept", "reject", "abstain")
ENCODINGS = ("s16le", "ogg_opus")

_CODE = re.compile(r"[a-z0-9_]{1,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class SampleFormat:
    """Format of the audio: mono at 16 kHz, as raw PCM or Ogg/Opus."""

    encoding: str = "s16le"
    sample_rate_hz: int = SAMPLE_RATE_HZ
    channels: int = 1


@dataclass(frozen=True)
class Metadata:
    """A device's description of a candidate.

    Attributes
    ----------
    request_id : str
        At most 64 letters, digits, _ and -. A retry has the same id.
    keyword : str
        The word that the device detected.
    start_sample, end_sample : int
        The device's estimate of the word's place within the snippet.
    pre_roll_samples : int
        Samples before the word that belong to the snippet, at most 8000; the
        smaller of 8000 and `start_sample`.
    detector : str
        Name and version of the device's detector.
    score, threshold : float
        Score on the device, and the threshold that it passed; 0 to 1.
    device_state : DeviceState
        State of the device at the detection.
    format : SampleFormat
        Format of the audio.
    transcribe : bool
        Whether a stream's server sends transcripts of what is said after the word.
    """

    request_id: str
    keyword: str
    start_sample: int
    end_sample: int
    pre_roll_samples: int
    detector: str
    score: float
    threshold: float
    device_state: DeviceState = field(default_factory=DeviceState)
    format: SampleFormat = field(default_factory=SampleFormat)
    transcribe: bool = False

    def to_json(self) -> str:
        """Return the JSON that is sent; as in the first release unless it asks for transcripts."""
        values = asdict(self)
        if not self.transcribe:
            del values["transcribe"]
        return json.dumps(values)


@dataclass(frozen=True)
class Verdict:
    """The verifier's answer about a candidate.

    Attributes
    ----------
    decision : str
        "accept", "reject", or "abstain" if the score is between the model's two
        thresholds.
    score, threshold : float
        The verifier's score, and the score from which it accepts.
    model : str
        Name and digest of the verifier's model.
    start_sample, end_sample : int
        The verifier's estimate of the word's place within the snippet.
    timings_ms : mapping of str to float
        Time spent on the server.
    """

    decision: str
    score: float
    threshold: float
    model: str
    start_sample: int
    end_sample: int
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A verdict, with the id and keyword of its request."""

    request_id: str
    keyword: str
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the object that is sent: the request's and the verdict's fields."""
        values = asdict(self.verdict)
        return {"request_id": self.request_id, "keyword": self.keyword, **values}


def parse_metadata(data: bytes | str) -> Metadata:
    """Parse metadata; `VerifierRefusedError` has the status and names the field at fault."""
    fields = metadata_fields(data)
    metadata = Metadata(
        request_id=request_id_of(fields),
        keyword=fields.string("keyword"),
        start_sample=fields.integer("start_sample", low=0),
        end_sample=fields.integer("end_sample", low=1),
        pre_roll_samples=fields.integer("pre_roll_samples", low=0),
        detector=fields.string("detector"),
        score=fields.number("score", low=0, high=1),
        threshold=fields.number("threshold", low=0, high=1),
        device_state=_device_state(fields),
        format=sample_format_of(fields.section("format")),
        transcribe=fields.boolean("transcribe", False),
    )
    if not metadata.start_sample < metadata.end_sample <= MAX_SNIPPET_SAMPLES:
        raise fields.wrong(
            "end_sample", f"must be above start_sample and at most {MAX_SNIPPET_SAMPLES}"
        )
    pre_roll = min(PRE_ROLL_SAMPLES, metadata.start_sample)
    if metadata.pre_roll_samples != pre_roll:
        raise fields.wrong(
            "pre_roll_samples",
            f"is {metadata.pre_roll_samples}; a word at sample {metadata.start_sample} of the "
            f"snippet has {pre_roll}",
        )
    return metadata


def metadata_fields(data: bytes | str) -> Fields:
    """Return the fields of a request's metadata; `VerifierRefusedError` if it is no object."""
    size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "replace"))
    if size > MAX_METADATA_BYTES:
        raise VerifierRefusedError(
            413, "metadata_too_large", f"metadata has {size} bytes, at most {MAX_METADATA_BYTES}"
        )
    return Fields(_load(data, _bad_json), field_fault(_bad_metadata, "the metadata"))


def parse_reply(data: bytes, request_id: str) -> Verdict:
    """Parse the reply to a request; raise `VerifierUnavailableError` "bad_reply" otherwise."""
    fields = Fields(_load(data, _bad_reply), field_fault(_bad_reply, "the reply"))
    if fields.string("request_id") != request_id:
        raise fields.wrong("request_id", "is the id of another request")
    decision = fields.string("decision")
    if decision not in DECISIONS:
        raise fields.wrong("decision", f"must be one of {', '.join(DECISIONS)}")
    timings = fields.section("timings_ms")
    start = fields.integer("start_sample", low=0, high=MAX_SNIPPET_SAMPLES)
    model = fields.string("model")
    if printable(model) != model:
        raise fields.wrong("model", f"must be up to {MAX_TEXT} characters that can be printed")
    return Verdict(
        decision=decision,
        score=fields.number("score", low=0, high=1),
        threshold=fields.number("threshold", low=0, high=1),
        model=model,
        start_sample=start,
        end_sample=fields.integer("end_sample", low=start, high=MAX_SNIPPET_SAMPLES),
        timings_ms={name: timings.number(name, low=0) for name in timings.names()},
    )


def parse_refusal(status: int, data: bytes) -> VerifierRefusedError:
    """Parse the body of a 4xx reply."""
    fields = Fields(_load(data, _bad_reply), field_fault(_bad_reply, "the reply")).section("error")
    code = fields.string("code")
    if not _CODE.fullmatch(code):
        raise fields.wrong("code", "must be 1 to 64 lower-case letters, digits or _")
    return VerifierRefusedError(status, code, printable(fields.string("message")))


def check_audio(metadata: Metadata, n_bytes: int) -> None:
    """Refuse audio of the wrong size."""
    check_size(metadata.format, n_bytes, MAX_AUDIO_BYTES)
    if metadata.format.encoding == "s16le":
        check_length(metadata, n_bytes // 2)


def check_size(sample_format: SampleFormat, n_bytes: int, max_bytes: int) -> None:
    """Refuse audio that is too large, or half a sample."""
    if n_bytes > max_bytes:
        raise VerifierRefusedError(
            413, "audio_too_large", f"audio has {n_bytes} bytes, at most {max_bytes}"
        )
    if sample_format.encoding == "s16le" and n_bytes % 2:
        raise truncated("audio ends inside a sample: its length is odd")


def check_length(metadata: Metadata, n_samples: int) -> None:
    """Refuse audio that ends before its word does."""
    if n_samples < metadata.end_sample:
        raise truncated(
            f"audio has {n_samples} samples, the word ends at sample {metadata.end_sample}"
        )


def truncated(message: str) -> VerifierRefusedError:
    """Make the refusal of audio that is incomplete or damaged."""
    return VerifierRefusedError(400, "bad_audio", message)


def request_id_of(fields: Fields) -> str:
    """Return the request's id."""
    request_id = fields.string("request_id")
    if not _REQUEST_ID.fullmatch(request_id):
        raise fields.wrong("request_id", "must be 1 to 64 letters, digits, _ or -")
    return request_id


def _device_state(fields: Fields) -> DeviceState:
    state = fields.section("device_state")
    volume = state.values.get("volume")
    try:
        return DeviceState(
            device_type=state.string("device_type"),
            playback=state.string("playback"),
            volume=None if volume is None else state.number("volume", low=0),
        )
    except ValueError as error:
        raise _bad_metadata(f"field device_state: {error}") from None


def sample_format_of(fields: Fields) -> SampleFormat:
    """Return the format of the audio; refuse one that cannot be decoded."""
    found = SampleFormat(
        encoding=fields.string("encoding"),
        sample_rate_hz=fields.integer("sample_rate_hz"),
        channels=fields.integer("channels"),
    )
    if found.encoding not in ENCODINGS:
        raise _bad_format(f"encoding must be one of {', '.join(ENCODINGS)}")
    if found.sample_rate_hz != SAMPLE_RATE_HZ or found.channels != 1:
        raise _bad_format(
            f"audio must be mono at {SAMPLE_RATE_HZ} Hz, "
            f"not {found.channels} channels at {found.sample_rate_hz} Hz"
        )
    return found


def _load(data: bytes | str, error: Callable[[str], Exception]) -> Any:
    try:
        return load_json(data, parse_constant=_not_json)
    except ValueError as cause:
        raise error(f"not JSON: {cause}") from None


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _bad_json(message: str) -> VerifierRefusedError:
    return VerifierRefusedError(400, "bad_json", f"metadata is {message}")


def _bad_metadata(message: str) -> VerifierRefusedError:
    return VerifierRefusedError(422, "bad_metadata", message)


def _bad_format(message: str) -> VerifierRefusedError:
    return VerifierRefusedError(415, "bad_format", message)


def _bad_reply(message: str) -> VerifierUnavailableError:
    text = printable(message)
    return VerifierUnavailableError("bad_reply", f"the verifier's reply is not valid: {text}")
