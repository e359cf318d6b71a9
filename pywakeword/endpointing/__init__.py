"""The second pass of endpointing, and what an application makes of the events."""

from pywakeword.endpointing.amr import AmrRepair
from pywakeword.endpointing.arbitrator import NetworkArbitrator
from pywakeword.endpointing.encoder import EncoderStream, StreamingEncoder
from pywakeword.endpointing.interfaces import Arbitrator, Encoding, EosPosterior, EosSource
from pywakeword.endpointing.pocketsphinx import PocketsphinxSource
from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.endpointing.repair import COMMAND_FRAMES, CommandFrame, FrameRepair, Repair, Role
from pywakeword.endpointing.requests import Request, RequestListener
from pywakeword.endpointing.truncation import RepairHook, TruncationCheck
from pywakeword.endpointing.two_pass import Decision, TwoPassEndpointer
from pywakeword.endpointing.utterance import Utterance, UtteranceJoiner

__all__ = [
    "COMMAND_FRAMES",
    "AmrRepair",
    "Arbitrator",
    "CommandFrame",
    "Decision",
    "EncoderStream",
    "Encoding",
    "EosPosterior",
    "EosSource",
    "FrameRepair",
    "NetworkArbitrator",
    "PocketsphinxSource",
    "Repair",
    "RepairHook",
    "Request",
    "RequestListener",
    "Role",
    "StreamingEncoder",
    "TruncationCheck",
    "TwoPassEndpointer",
    "Utterance",
    "UtteranceJoiner",
    "WaitPolicy",
]
